"""The downloader against a server on this machine that fails in every way servers do."""
import hashlib
import io
import threading
import time
import warnings
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from neural_emojis import data

CSV = b"text,airline_sentiment\nlovely crew,positive\nlate again,negative\n"


def zipped(name, content=CSV):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive: archive.writestr(name, content)
    return buffer.getvalue()


BODIES = {"/good.csv": CSV, "/good.zip": zipped("Tweets.csv"),
          "/other.zip": zipped("readme.txt"), "/broken.zip": zipped("Tweets.csv")[:60],
          "/sorry.csv": b"<html>We are sorry, please sign in.</html>",
          "/empty.csv": b"", "/columns.csv": b"a,b\n1,2\n",
          "/vectors.txt": b"late .1 .2\n"}


class Server(BaseHTTPRequestHandler):
    def log_message(self, *args): pass

    def do_GET(self):
        if self.path == "/missing.csv": return self.send_error(404)
        if self.path == "/down.csv": return self.send_error(503)
        if self.path == "/loop.csv":
            self.send_response(302)
            self.send_header("Location", "/loop.csv")
            return self.end_headers()
        body = BODIES.get(self.path, CSV)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) * (3 if self.path == "/cut.csv" else 1)))
        self.end_headers()
        if self.path == "/hang.csv": time.sleep(1)
        self.wfile.write(body)


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / "cache")
    monkeypatch.delenv("NEURAL_EMOJIS_DATA", raising=False)
    return tmp_path / "cache"


FAILURES = [
    ("/missing.csv", "404"),
    ("/down.csv", "503"),
    ("/loop.csv", "redirect"),
    ("/cut.csv", ""),
    ("/sorry.csv", "not a CSV file with columns"),
    ("/empty.csv", "not a CSV"),
    ("/columns.csv", "not a CSV file with columns"),
    ("/other.zip", "Tweets.csv"),
    ("/broken.zip", "not a CSV")]


@pytest.mark.parametrize("path, why", FAILURES)
def test_failed_download_says_why_and_leaves_nothing(server, tmp_path, path, why):
    with pytest.raises(data.DownloadError,
                       match=f"could not download Tweets.csv from .*{path}") as failure:
        data.download(server + path, tmp_path / "Tweets.csv", data.read_tweets)
    assert why in str(failure.value)
    assert list(tmp_path.iterdir()) == []


def test_server_that_never_answers(server, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "TIMEOUT", (.2, .2))
    with pytest.raises(data.DownloadError, match="timed out"):
        data.download(server + "/hang.csv", tmp_path / "Tweets.csv", data.read_tweets)


def test_nobody_listens(tmp_path):
    with pytest.raises(data.DownloadError, match="Tweets.csv: no connection"):
        data.download("http://127.0.0.1:9/Tweets.csv", tmp_path / "Tweets.csv", data.read_tweets)


def test_wrong_checksum(server, tmp_path):
    with pytest.raises(data.DownloadError, match="hash"):
        data.download(server + "/good.csv", tmp_path / "Tweets.csv", data.read_tweets,
                      known_hash="sha256:" + "0" * 64)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/good.csv", "/good.zip"])
def test_good_download_arrives_whole(server, tmp_path, path):
    known_hash = "sha256:" + hashlib.sha256(BODIES[path]).hexdigest()
    target = data.download(server + path, tmp_path / "deep" / "Tweets.csv", data.read_tweets,
                           known_hash)
    assert target.read_bytes() == CSV
    assert [item.name for item in target.parent.iterdir()] == ["Tweets.csv"]


def test_failure_keeps_the_file_that_was_there(server, tmp_path):
    target = tmp_path / "Tweets.csv"
    target.write_bytes(CSV)
    with pytest.raises(data.DownloadError):
        data.download(server + "/cut.csv", target, data.read_tweets)
    assert target.read_bytes() == CSV


def test_tweets_are_downloaded_once_and_then_read_from_the_cache(server, cache, monkeypatch):
    monkeypatch.setattr(data, "TWEETS_URL", server + "/good.zip")
    assert "(download, 2 tweets)" in data.load_tweets().attrs["source"]
    monkeypatch.setattr(data, "TWEETS_URL", server + "/missing.csv")
    assert "(cache, 2 tweets)" in data.load_tweets().attrs["source"]


def test_without_network_the_sample_takes_over_and_says_so(cache, monkeypatch):
    monkeypatch.setattr(data, "TWEETS_URL", "http://127.0.0.1:9/Tweets.zip")
    monkeypatch.setattr(data, "GLOVE_URL", "http://127.0.0.1:9/glove.zip")
    said = "using sample_tweets.csv in place of airline/.*NEURAL_EMOJIS_DATA"
    with pytest.warns(UserWarning, match=said):
        tweets = data.load_tweets()
    assert "package" in tweets.attrs["source"] and len(tweets) >= 400
    with pytest.warns(UserWarning, match="using no word vectors"): vectors = data.load_glove()
    assert (vectors.shape == (0, 100) and (vectors.dtypes == "float32").all()
            and vectors.attrs["source"] == "no word vectors (package, 0 words)")


def test_glove_is_known_by_its_hash(server, cache, monkeypatch):
    monkeypatch.setattr(data, "GLOVE_URL", server + "/vectors.txt")
    with pytest.warns(UserWarning, match="hash"): data.load_glove()
    monkeypatch.setattr(data, "GLOVE_HASH",
                        "sha256:" + hashlib.sha256(BODIES["/vectors.txt"]).hexdigest())
    for place in ("download", "cache"):
        assert data.load_glove().attrs["source"] == f"glove.6B.100d.txt ({place}, 1 words)"


def test_order_of_places(cache, tmp_path, monkeypatch):
    for folder in (tmp_path, tmp_path / "named/airline", cache / "airline"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Tweets.csv").write_bytes(CSV)
    assert "(cache" in data.load_tweets().attrs["source"]
    monkeypatch.setenv("NEURAL_EMOJIS_DATA", str(tmp_path / "named"))
    assert "(NEURAL_EMOJIS_DATA" in data.load_tweets().attrs["source"]
    assert "(path" in data.load_tweets(tmp_path / "Tweets.csv").attrs["source"]
    monkeypatch.setenv("NEURAL_EMOJIS_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="correct or unset it"): data.load_tweets()


def test_one_warning_for_a_cut_glove(tmp_path):
    file = tmp_path / "glove.txt"
    file.write_text("a " + " ".join(["0.5"] * 100) + "\nb 0.1 0.2")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        vectors = data.load_glove(file)
    # a warning of something else, such as what another test left open, may fall among them
    said = [str(warning.message) for warning in said if warning.category is UserWarning]
    assert len(said) == 1 and "cut short" in said[0] and list(vectors.index) == ["a"]


TWEETEVAL = {"/emoji/val_text.txt": b"so much love\nhome at last\n",
             "/emoji/val_labels.txt": b"0\n17\n"}


def test_emoji_tweets_are_downloaded_once(server, cache, monkeypatch):
    for path, body in TWEETEVAL.items(): monkeypatch.setitem(BODIES, path, body)
    monkeypatch.setattr(data, "TWEETEVAL_URL", server + "/emoji")
    monkeypatch.setitem(data.TWEETEVAL_LINES, "val", 2)
    for place in ("download", "cache"):
        tweets = data.load_emoji_tweets("val")
        assert (f"({place}, 2 tweets)" in tweets.attrs["source"]
                and tweets["emoji"].tolist() == ["2764", "1f384"])
        monkeypatch.setattr(data, "TWEETEVAL_URL", server + "/missing.csv")


@pytest.mark.parametrize("broken", TWEETEVAL)
def test_emoji_tweets_are_not_read_from_a_web_page(server, cache, monkeypatch, broken):
    for path, body in TWEETEVAL.items(): monkeypatch.setitem(BODIES, path, body)
    monkeypatch.setitem(BODIES, broken, BODIES["/sorry.csv"])
    monkeypatch.setattr(data, "TWEETEVAL_URL", server + "/emoji")
    monkeypatch.setitem(data.TWEETEVAL_LINES, "val", 2)
    with pytest.warns(UserWarning, match="has 1 lines, not 2.*NEURAL_EMOJIS_DATA") as said:
        tweets = data.load_emoji_tweets("val")
    assert len(said) == 1 and "package" in tweets.attrs["source"] and len(tweets) == 80
    assert not (cache / broken.replace("/emoji", "tweeteval_emoji")).exists()
