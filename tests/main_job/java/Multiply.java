// A tool of the Java world as small as can be: it keeps the contract of docs/command-line-consumers.md with what
// the Java library has, and multiplies each input by the number that is all of the weights. Weights that are a
// word make it go wrong in the way that the word says.

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Multiply {
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[arguments.length - 1]);
        String job = Files.readString(folder.resolve("job.json"));
        if (!Files.readString(folder.resolve(text(job, "description").get(0))).contains("type: model")) {
            throw new IOException("the description is not that of a model");
        }
        String weights = Files.readString(folder.resolve(text(job, "weights").get(0))).strip();
        System.out.println("Java " + Runtime.version().feature() + " opens weights: " + weights);
        if (!weights.matches("[0-9.]+")) {
            fail(weights, folder);
        }
        if (text(job, "action").get(0).equals("predict")) {
            List<String> files = text(job, "file");
            for (int i = 0; i < files.size() / 2; i++) {
                Path from = folder.resolve(files.get(i));
                multiply(from, folder.resolve(files.get(files.size() / 2 + i)), Float.parseFloat(weights));
            }
        }
    }

    /** Every value of a key, in order. */
    private static List<String> text(String json, String key) {
        Matcher found = Pattern.compile("\"" + key + "\": \"([^\"]*)\"").matcher(json);
        List<String> values = new ArrayList<>();
        while (found.find()) {
            values.add(found.group(1));
        }
        return values;
    }

    /** Keeps the header of a .npy file: shape and type stay. */
    private static void multiply(Path from, Path to, float factor) throws IOException {
        ByteBuffer array = ByteBuffer.wrap(Files.readAllBytes(from)).order(ByteOrder.LITTLE_ENDIAN);
        for (int place = 10 + array.getShort(8); place < array.limit(); place += 4) {
            array.putFloat(place, factor * array.getFloat(place));
        }
        Files.write(to, array.array());
    }

    private static void fail(String how, Path folder) throws Exception {
        switch (how) {
            case "halts" -> Runtime.getRuntime().halt(7);
            case "hangs" -> Thread.sleep(Long.MAX_VALUE);
            case "throws" -> throw new IllegalStateException("the network has no layers");
            case "no-engine" -> throw new NoClassDefFoundError("ai/onnxruntime/OrtSession");
            case "memory" -> throw new OutOfMemoryError("Java heap space");
            case "writes-nothing" -> System.exit(0);
            case "unsupported" -> {
                String told = "{\"type\": \"NotImplementedError\", \"message\": \"postprocessing step softmax\"}";
                Files.write(folder.resolve("error.json"), told.getBytes(StandardCharsets.UTF_8));
                System.exit(1);
            }
            default -> throw new IllegalArgumentException(how);
        }
    }
}
