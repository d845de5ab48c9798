"""What the server answers a browser, such as where to upload a file, and how it gets there.

Streamlit empties the queue of a session when a run starts. An answer that waits in it is dropped with the rest, and the
browser waits for it for ever: a file given at that moment was lost without a word.
"""

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import app_session
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

_ANSWERS = frozenset({"file_urls_response", "backend_operation_response"})


class AnsweringQueue(ForwardMsgQueue):
    """A session's queue of messages to its browser that keeps answers when a run starts."""

    def clear(self, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None) -> None:
        """Drop what waits, but for answers if the browser goes on listening (``retain_lifecycle_msgs``)."""
        answers = [message for message in self._queue if retain_lifecycle_msgs and _is_answer(message)]
        super().clear(retain_lifecycle_msgs, fragment_ids_this_run)
        self._queue += [message for message in answers if message not in self._queue]


def keep_answers() -> None:
    """Give the sessions of this server such queues; call it before the first begins."""
    app_session.ForwardMsgQueue = AnsweringQueue  # type: ignore[attr-defined]


def _is_answer(message: ForwardMsg) -> bool:
    return message.WhichOneof("type") in _ANSWERS
