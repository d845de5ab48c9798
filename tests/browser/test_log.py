"""A browser that goes away is no bug; everything else that ends in a traceback is."""

from tests.browser.log import bugs

LEFT = """Exception in ASGI application
Traceback (most recent call last):
  File "/x/site-packages/streamlit/web/server/starlette/starlette_websocket.py", line 516, in _websocket_endpoint
    data = await websocket.receive_bytes()
starlette.websockets.WebSocketDisconnected: WebSocket is not connected. Need to call "accept" first.

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/x/site-packages/starlette/websockets.py", line 104, in send
    raise WebSocketDisconnected('Cannot call "send" once a close message has been sent.')
starlette.websockets.WebSocketDisconnected: Cannot call "send" once a close message has been sent.
"""
BUG = """Traceback (most recent call last):
  File "/x/pages/annotate.py", line 3, in <module>
    1 / 0
ZeroDivisionError: division by zero
"""


def test_a_browser_that_went_away_is_no_bug() -> None:
    assert bugs(f"started\n{LEFT}stopping\n") == ""
    assert bugs(LEFT + LEFT) == ""


def test_every_other_traceback_is_a_bug() -> None:
    assert bugs(BUG)
    assert bugs(LEFT + BUG)
    assert bugs(BUG + LEFT)
    assert bugs("Exception in ASGI application\n" + BUG + LEFT)
    assert bugs(LEFT.replace("/x/site-packages/starlette/", "/x/core/"))
