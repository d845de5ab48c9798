"""The slice viewer: JavaScript that reads, windows and draws in the browser, and its ways to an open case."""
