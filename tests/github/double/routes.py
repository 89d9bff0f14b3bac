"""What each request does to the state, as GitHub does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.github.double import answers
from tests.github.double.state import Artifact, CheckRun, Issue, State, Status

Answer = tuple[int, Any]
Handler = Callable[..., Answer]
_NOT_FOUND: Answer = (404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"})
_FORBIDDEN: Answer = (403, {"message": "Resource not accessible by integration"})

ROUTES: dict[tuple[str, str], Handler] = {}
"""By method, and path below the repository as werkzeug writes it. A list is cut into pages by the server."""


def _route(method: str, path: str) -> Callable[[Handler], Handler]:
    def remember(handler: Handler) -> Handler:
        ROUTES[method, path] = handler
        return handler

    return remember


@_route("GET", "/pulls")
def _pulls(state: State, query: dict[str, str], _: Any) -> Answer:
    meant = [
        pull
        for pull in state.pulls.values()
        if query.get("state", "open") in ("all", pull.state) and query.get("head", pull.head) == pull.head
    ]
    return 200, [answers.pull(pull, short=True) for pull in meant]


@_route("GET", "/pulls/<int:number>")
def _pull(state: State, query: Any, _: Any, number: int) -> Answer:
    return (200, answers.pull(state.pulls[number], short=False)) if number in state.pulls else _NOT_FOUND


@_route("GET", "/pulls/<int:number>/files")
def _files(state: State, query: Any, _: Any, number: int) -> Answer:
    if number not in state.pulls:
        return _NOT_FOUND
    return 200, [answers.file(*changed) for changed in state.pulls[number].files[:3000]]


@_route("GET", "/contents/<path:path>")
def _content(state: State, query: dict[str, str], _: Any, path: str) -> Answer:
    data = state.contents.get((query["ref"], path))
    return _NOT_FOUND if data is None else (200, answers.content(path, data))


@_route("GET", "/git/trees/<sha>")
def _tree(state: State, query: dict[str, str], _: Any, sha: str) -> Answer:
    """All that is known of a commit: what has content, and what pull requests add with it."""
    added = {
        path
        for pull in state.pulls.values()
        for path, status in pull.files
        if pull.head_sha == sha and status != "removed"
    }
    return 200, answers.tree(
        sha, sorted(added.union(path for commit, path in state.contents if commit == sha))
    )


@_route("GET", "/issues/<int:number>/comments")
def _comments(state: State, query: Any, _: Any, number: int) -> Answer:
    return 200, [answers.comment(comment) for comment in state.comments_of(number)]


@_route("POST", "/issues/<int:number>/comments")
def _create_comment(state: State, query: Any, body: Any, number: int) -> Answer:
    return 201, answers.comment(state.add_comment(number, state.me, body["body"]))


@_route("PATCH", "/issues/comments/<int:id>")
def _edit_comment(state: State, query: Any, body: Any, id: int) -> Answer:  # noqa: A002
    if id not in state.comments:
        return _NOT_FOUND
    state.comments[id].body = body["body"]
    return 200, answers.comment(state.comments[id])


@_route("DELETE", "/issues/comments/<int:id>")
def _delete_comment(state: State, query: Any, _: Any, id: int) -> Answer:  # noqa: A002
    return (204, None) if state.comments.pop(id, None) else _NOT_FOUND


@_route("POST", "/issues/comments/<int:id>/reactions")
def _react(state: State, query: Any, body: Any, id: int) -> Answer:  # noqa: A002
    if id not in state.comments:
        return _NOT_FOUND
    state.comments[id].reactions.append(body["content"])
    return 201, answers.reaction(body["content"])


@_route("GET", "/issues")
def _issues(state: State, query: dict[str, str], _: Any) -> Answer:
    meant = [
        issue
        for issue in state.issues.values()
        if query.get("state", "open") in ("all", issue.state)
        and query.get("creator", issue.author) == issue.author
    ]
    pulls = [answers.pull_as_issue(pull) for pull in state.pulls.values()]
    return 200, [*pulls, *map(answers.issue, meant)]


@_route("POST", "/issues")
def _create_issue(state: State, query: Any, body: Any) -> Answer:
    number = state.new_id()
    state.issues[number] = Issue(
        number=number,
        author=state.me,
        title=body["title"],
        body=body["body"],
        labels=list(body.get("labels", [])),
    )
    return 201, answers.issue(state.issues[number])


@_route("PATCH", "/issues/<int:number>")
def _edit_issue(state: State, query: Any, body: Any, number: int) -> Answer:
    if number not in state.issues:
        return _NOT_FOUND
    for field in ("title", "body", "state"):
        if field in body:
            setattr(state.issues[number], field, body[field])
    return 200, answers.issue(state.issues[number])


@_route("GET", "/issues/<int:number>/labels")
def _labels(state: State, query: Any, _: Any, number: int) -> Answer:
    return _labels_of(state, number)


@_route("POST", "/issues/<int:number>/labels")
def _add_labels(state: State, query: Any, body: Any, number: int) -> Answer:
    if number not in state.pulls:
        return _NOT_FOUND
    for name in body["labels"]:
        state.labels.setdefault(name, "ededed")
        state.pulls[number].labels.add(name)
    return _labels_of(state, number)


@_route("DELETE", "/issues/<int:number>/labels/<name>")
def _remove_label(state: State, query: Any, _: Any, number: int, name: str) -> Answer:
    if number not in state.pulls or name not in state.pulls[number].labels:
        return _NOT_FOUND
    state.pulls[number].labels.remove(name)
    return _labels_of(state, number)


def _labels_of(state: State, number: int) -> Answer:
    if number not in state.pulls:
        return _NOT_FOUND
    return 200, [answers.label(name, state.labels[name]) for name in sorted(state.pulls[number].labels)]


@_route("POST", "/labels")
def _create_label(state: State, query: Any, body: Any) -> Answer:
    if body["name"] in state.labels:
        taken = {"resource": "Label", "code": "already_exists", "field": "name"}
        documentation = "https://docs.github.com/rest"
        return 422, {"message": "Validation Failed", "documentation_url": documentation, "errors": [taken]}
    state.labels[body["name"]] = body["color"]
    return 201, answers.label(body["name"], body["color"])


@_route("POST", "/statuses/<sha>")
def _create_status(state: State, query: Any, body: Any, sha: str) -> Answer:
    status = Status(
        sha=sha,
        context=body["context"],
        state=body["state"],
        description=body["description"],
        author=state.me,
        target_url=body.get("target_url"),
    )
    state.statuses.append(status)
    return 201, answers.status(status)


@_route("GET", "/commits/<sha>/statuses")
def _statuses(state: State, query: Any, _: Any, sha: str) -> Answer:
    return 200, [answers.status(status) for status in reversed(state.statuses) if status.sha == sha]


@_route("POST", "/check-runs")
def _create_check_run(state: State, query: Any, body: Any) -> Answer:
    if not state.may_write_checks:
        return _FORBIDDEN
    output = dict(body["output"])
    annotations = output.pop("annotations", [])
    if len(annotations) > 50:
        return 422, {"message": "Invalid request. No more than 50 items are allowed"}
    run = CheckRun(
        id=state.new_id(),
        name=body["name"],
        head_sha=body["head_sha"],
        status="completed" if "conclusion" in body else "queued",
        conclusion=body.get("conclusion"),
        output=output,
        annotations=annotations,
    )
    state.check_runs[run.id] = run
    return 201, answers.check_run(run)


@_route("PATCH", "/check-runs/<int:id>")
def _update_check_run(state: State, query: Any, body: Any, id: int) -> Answer:  # noqa: A002
    output = dict(body.get("output", {}))
    annotations = output.pop("annotations", [])
    if len(annotations) > 50:
        return 422, {"message": "Invalid request. No more than 50 items are allowed"}
    run = state.check_runs[id]
    run.annotations += annotations
    run.output.update(output)
    return 200, answers.check_run(run)


@_route("GET", "/actions/runs/<int:id>")
def _run(state: State, query: Any, _: Any, id: int) -> Answer:  # noqa: A002
    return (200, answers.run(state.runs[id])) if id in state.runs else _NOT_FOUND


@_route("GET", "/actions/workflows/<name>/runs")
def _runs(state: State, query: dict[str, str], _: Any, name: str) -> Answer:
    meant = [
        run
        for run in state.runs.values()
        if run.path.endswith(f"/{name}") and query.get("head_sha", run.head_sha) == run.head_sha
    ]
    return 200, _listed("workflow_runs", [answers.run(run) for run in reversed(meant)])


@_route("GET", "/actions/runs/<int:id>/artifacts")
def _artifacts(state: State, query: Any, _: Any, id: int) -> Answer:  # noqa: A002
    meant = [artifact for artifact in state.artifacts if _is_listed(artifact, id)]
    return 200, _listed("artifacts", [answers.artifact(one, head_sha="a" * 40) for one in meant])


def _is_listed(artifact: Artifact, run: int) -> bool:
    """Negative runs are a lie on demand: listed with every run, and of another one."""
    return artifact.run == run or artifact.run < 0


@_route("GET", "/actions/runs/<int:id>/jobs")
def _jobs(state: State, query: Any, _: Any, id: int) -> Answer:  # noqa: A002
    names = state.runs[id].jobs
    return 200, _listed("jobs", [answers.job(id, number, name) for number, name in enumerate(names, start=1)])


@_route("POST", "/actions/runs/<int:id>/rerun-failed-jobs")
def _rerun(state: State, query: Any, _: Any, id: int) -> Answer:  # noqa: A002
    if state.runs[id].status != "completed":
        return 403, {"message": "This workflow is already running"}
    state.runs[id].reruns += 1
    return 201, {}


@_route("GET", "/collaborators/<login>/permission")
def _permission(state: State, query: Any, _: Any, login: str) -> Answer:
    return 200, answers.permission(state.permissions.get(login, "read"))


def _listed(key: str, items: Iterable[Any]) -> dict[str, Any]:
    listed = list(items)
    return {"total_count": len(listed), key: listed}
