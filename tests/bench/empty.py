"""What any Flask server costs: a route that answers nothing."""

from flask import Flask, Response

app = Flask(__name__, static_folder=None)


@app.post("/v1/pings")
def nothing() -> Response:
    return Response(b"{}", content_type="application/json")
