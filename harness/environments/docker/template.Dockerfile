# The environment "@NAME@": Python @PYTHON@ with exactly the packages of requirements.lock.
#
#     harness env build @NAME@ --backend docker
#     docker build environments/@NAME@
#
# A folder "settings" is optional, and no part of the result: "variables" for uv (index, certificate), written
# for a shell, what these name, and "uv" itself. The harness lays there what this machine's user has configured.
ARG BASE_IMAGE=python:@PYTHON@-slim

FROM ${BASE_IMAGE} AS build
LABEL bioimage-harness.part=build
ARG TORCH_BACKEND=@TORCH_BACKEND@
ENV UV_LINK_MODE=copy UV_NO_CACHE=1 UV_NO_PROGRESS=1
WORKDIR /build
COPY requirements.lock setting[s] ./
RUN test -x uv || { python3 -m venv pip && pip/bin/pip install --no-cache-dir "uv>=0.9" && ln -s pip/bin/uv; }
RUN test ! -f variables || . ./variables \
 && ./uv venv --quiet --no-project --no-python-downloads --python @PYTHON@ /opt/environment \
 && ./uv pip sync --python /opt/environment/bin/python --compile-bytecode --only-binary :all: \
    --allow-empty-requirements \
    ${TORCH_BACKEND:+--torch-backend=$TORCH_BACKEND} $UV_ARGUMENTS requirements.lock

FROM ${BASE_IMAGE}
COPY --from=build /opt/environment /opt/environment
ENV PATH=/opt/environment/bin:$PATH@VARIABLES@
USER 65534:65534
CMD ["python"]
