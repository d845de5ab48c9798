"""What a run that starts may not take from the queue of its session."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from pages.ui.answers import AnsweringQueue, keep_answers


def filled() -> AnsweringQueue:
    queue = AnsweringQueue()
    for index, kind in enumerate(("file_urls_response", "delta", "backend_operation_response", "script_finished")):
        message = ForwardMsg()
        if kind == "script_finished":
            message.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
        else:
            getattr(message, kind).SetInParent()
        message.metadata.delta_path.append(index)
        queue.enqueue(message)
    return queue


def kinds(queue: ForwardMsgQueue) -> set[str | None]:
    return {message.WhichOneof("type") for message in queue.flush()}


def test_answers_outlive_the_start_of_a_run() -> None:
    queue = filled()
    queue.clear(retain_lifecycle_msgs=True)
    assert kinds(queue) == {"file_urls_response", "backend_operation_response", "script_finished"}


def test_an_answer_is_sent_once() -> None:
    queue = filled()
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["one"])
    sent = [message.WhichOneof("type") for message in queue.flush()]
    assert sent.count("file_urls_response") == 1


def test_nothing_is_kept_for_a_browser_that_left() -> None:
    queue = filled()
    queue.clear()
    assert queue.is_empty()


def test_sessions_of_this_server_have_such_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlit.runtime.app_session.ForwardMsgQueue", ForwardMsgQueue)
    keep_answers()
    assert vars(app_session)["ForwardMsgQueue"] is AnsweringQueue
