"""Make what the playground's page loads.

The models as ONNX, a map of the codes, the runtime, and pictures for readers without JavaScript.

The graphs are exported by Keras. Weights that half precision holds exactly, which are all large
ones, are stored in it; the browser computes in single precision, so that it gives what Python gives
but for rounding.
"""
import gzip
import json
import os
import shutil
import subprocess
import sys
import warnings
from contextlib import contextmanager
from html import unescape
from html.entities import html5
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import imageio.v3 as iio
import keras
import matplotlib.pyplot as plt
import numpy as np
import onnx
from keras import layers, ops
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.manifold import TSNE

import phone
from neural_emojis.answers import Answerer, load_answerer
from neural_emojis.data import EmojiSet, emoji_char, load_annotations, load_emojis, tile
from neural_emojis.generation import kl_by_dimension, load_density, render
from neural_emojis.meaning import GAMMA, UNDERSTOOD, answer_texts, blend_weights, picture_weights
from neural_emojis.plot import BLUR, LEAST, PAGE_WIDTH, plot_answers, plot_rows, use_style
from neural_emojis.sentences import CHAT, ENDINGS, LONGEST, OFTEN, SENTENCES
from neural_emojis.vae import LATENT_DIM, load_codes, load_posteriors, load_vae

here = Path(__file__).resolve().parent
neighbours, power = 8, 4          # of `code_at`


def project(
    codes:np.ndarray, # (n, 16)
    seed:int=0,       # of t-SNE
) -> np.ndarray: # float32 (n, 2), in [0, 1]: each code on a place of its own in a square grid, similar ones close
    """A map of codes: t-SNE (van der Maaten & Hinton 2008),
    then the grid that takes the shortest moves."""
    xy = TSNE(2, perplexity=20, init="pca", random_state=seed).fit_transform(codes)
    xy = (xy - xy.min(axis=0)) / np.ptp(xy, axis=0)
    ticks = np.linspace(0, 1, int(np.ceil(np.sqrt(len(codes)))), dtype=np.float32)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    return grid[linear_sum_assignment(cdist(xy, grid, "sqeuclidean"))[1]]


def code_at(
    point:np.ndarray, # (2,): a place on the map
    xy:np.ndarray,    # (n, 2), from `project`
    codes:np.ndarray, # (n, 16)
) -> np.ndarray: # (16,): the code of an emoji where it lies, a mixture of its neighbours' elsewhere
    """From the map back to codes, by inverse distance weighting (Shepard 1968)
    of the nearest emojis."""
    squares = ((xy.astype(float) - point) ** 2).sum(axis=1)
    nearest = np.argsort(squares, kind="stable")[:neighbours]
    weights = 1 / (squares[nearest] + 1e-9) ** (power / 2)
    return weights @ codes[nearest] / weights.sum()


def plain(array:np.ndarray) -> list:
    "Single precision in as few digits as tell its numbers apart."
    return np.float32(array).astype(str).astype(float).tolist()


def halve(graph:onnx.GraphProto) -> None:
    """Store the weights that half precision holds exactly in it,
    each with a cast to single precision."""
    casts = []
    for weights in graph.initializer:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < 64: continue
        if not np.array_equal(values.astype(np.float16).astype(np.float32), values): continue
        name = weights.name
        weights.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name],
                                           to=onnx.TensorProto.FLOAT))
    for i, cast in enumerate(casts): graph.node.insert(i, cast)


@contextmanager
def quiet_unless_it_fails():
    "Hold back what TensorFlow's C++ writes to stderr, and show it where something is raised."
    with TemporaryFile() as talk:
        stderr = os.dup(2)
        os.dup2(talk.fileno(), 2)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except BaseException:
            talk.seek(0)
            os.write(stderr, talk.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def export(
    model:keras.Model, # functional, its inputs and outputs named
    path:Path,         # a file ending in .onnx.gz
) -> None:
    "Write a model as a compressed ONNX graph; its outputs are named as in Keras."
    inputs = [np.zeros([size or 1 for size in tensor.shape], tensor.dtype)
              for tensor in model.inputs]
    model(inputs if len(inputs) > 1 else inputs[0])  # Keras exports what has been called
    with TemporaryDirectory() as folder, quiet_unless_it_fails():
        model.export(file := str(Path(folder)/"model.onnx"), format="onnx", verbose=False)
        proto = onnx.load(file)
    halve(proto.graph)
    onnx.checker.check_model(proto)
    path.write_bytes(gzip.compress(proto.SerializeToString(), mtime=0))


def imagination(answerer:Answerer) -> keras.Model:
    "Codes (n, 16) to what would be said of their pictures, (n, dim), of length 1."
    codes = load_codes()
    weights, middle = picture_weights(codes, answerer.meanings.means)
    code = keras.Input((LATENT_DIM,), name="code")
    scaled, known = ((z - codes.mean(axis=0)) / codes.std(axis=0) for z in (code, codes))
    squares = (ops.sum(ops.square(scaled), axis=1, keepdims=True) + (known ** 2).sum(axis=1)
               - 2 * ops.matmul(scaled, known.T))
    pictured = layers.Dense(len(middle), name="pictured")
    guess = ops.normalize(pictured(ops.exp(-GAMMA * squares)))
    pictured.set_weights([weights, middle])
    return keras.Model(code, guess, name="imagination")


def decoder_parts() -> keras.Model:
    "A code to its masks (36, 36, k), colours (k, 4) and picture (36, 36, 4)."
    decoder = load_vae().decoder
    return keras.Model(decoder.input, [*decoder.layers[-1].input, decoder.output], name="decoder")


def painter(k:int) -> onnx.ModelProto:
    """What `neural_emojis.plot.render_masks` does with masks of k colours, of any size from 72 on:
    `enlarging` times the root of 1/T, and the palette premultiplied."""
    return onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["": 17]>
        painter (float[n, 36] enlarging, float[1, 36, 36, {k}] masks, float[{k}, 4] palette)
            => (float[n, n, {k}] fields, float[n, n, 4] picture)
        <int64[2] flat = {{36, {36 * k}}}, int64[3] deep = {{-1, 36, {k}}}>
        {{
            rows = Reshape(masks, flat)
            high = MatMul(enlarging, rows)
            columns = Reshape(high, deep)
            fields = MatMul(enlarging, columns)
            share = Softmax<axis = -1>(fields)
            picture = MatMul(share, palette)
        }}""")


def write_packed(path:Path, content) -> None: # an array, a string or bytes
    "Write a compressed file."
    data = content.encode() if isinstance(content, str) else bytes(content)
    path.write_bytes(gzip.compress(data, mtime=0))


def write_reader(folder:Path, answerer:Answerer) -> None:
    "The word pieces and their vectors, and what is said of the emojis as numbers of pieces."
    encoder = answerer.encoder
    vocabulary = encoder.tokenizer.get_vocab()
    number = lambda texts: [found.ids for found in encoder.tokenizer.encode_batch_fast(
        [text.replace("-", " ") for text in texts], add_special_tokens=False)]
    emojis = [(emoji_char(code), name) for code, name in load_annotations()["name"].items()]
    data = {"words": (SENTENCES/"words.txt").read_text(encoding="utf-8").strip(),
            "pieces": "\n".join(sorted(vocabulary, key=vocabulary.get)),
            "chat": CHAT,
            "emojis": sorted(emojis, key=lambda pair: len(pair[0]), reverse=True),
            "entities": html5,
            "numbers": {n: unescape(f"&#{n};") for n in range(160)
                        if unescape(f"&#{n};") != chr(n)},
            "texts": [number(each) for each in answer_texts(answerer.names)],
            "prices": plain(answerer.meanings.prices),
            "longest": LONGEST, "often": OFTEN, "understood": UNDERSTOOD,
            "endings": ENDINGS}
    write_packed(folder/"text.json.gz", json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    write_packed(folder/"table.gz", encoder.table)
    write_packed(folder/"weights.gz", encoder.weights)


def write_inventor(folder:Path, answerer:Answerer) -> None:
    "What imagines a picture's meaning, and the weights of `blend_codes` with seed 0."
    export(imagination(answerer), folder/"imagination.onnx.gz")
    (folder/"blends.json").write_text(json.dumps(plain(blend_weights(5))))


def write_decoder(folder:Path) -> None:
    "The decoder, and what paints with its masks."
    export(parts := decoder_parts(), folder/"decoder.onnx.gz")
    paint = painter(parts.outputs[0].shape[-1])
    onnx.checker.check_model(paint)
    write_packed(folder/"painter.onnx.gz", paint.SerializeToString())


def write_map(folder:Path, emojis:EmojiSet) -> np.ndarray: # the map, (872, 2)
    "The codes, their map, the mixture, and how much each dimension says."
    posteriors, density = load_posteriors(), load_density()
    codes = posteriors[0]
    xy = project(codes)
    kl = kl_by_dimension(*posteriors)
    low, high = np.quantile(codes, [.01, .99], axis=0)
    data = {"codes": plain(codes), "xy": plain(xy),
            "neighbours": neighbours, "power": power, "blur": BLUR, "least": LEAST,
            "kl": plain(kl), "order": np.argsort(-kl).tolist(),
            "low": plain(np.minimum(1.2 * low, codes.min(axis=0))),
            "high": plain(np.maximum(1.2 * high, codes.max(axis=0))),
            "weights": plain(density.weights_), "means": plain(density.means_),
            "roots": plain(np.linalg.cholesky(density.covariances_))}
    (folder/"map.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return xy


def write_sheet(folder:Path, emojis:EmojiSet) -> None:
    "The pictures of all emojis as one, their characters and names."
    names = load_annotations().loc[emojis.names, "name"]
    data = {"chars": emojis.chars, "names": list(names)}
    (folder/"emojis.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    columns = int(np.ceil(np.sqrt(len(emojis))))
    iio.imwrite(folder/"emojis.webp", tile(emojis.images, columns),
                lossless=True, quality=100, method=6)


def draw_map(images:np.ndarray, xy:np.ndarray) -> np.ndarray: # uint8 (1400, 1400, 4)
    "All emojis at their places on the map."
    size, side = 1400, images.shape[1]
    paper = np.zeros((size, size, 4), np.uint8)
    for picture, (left, top) in zip(images, (xy * (size - side)).round().astype(int)):
        paper[top:top + side, left:left + side] = picture
    return paper


def write_pictures(folder:Path, answerer:Answerer, emojis:EmojiSet, xy:np.ndarray) -> None:
    """What a reader without JavaScript sees: the map, the dimensions that say most,
    and one text answered; what has letters in it also as narrow as a phone."""
    iio.imwrite(folder/"map.webp", draw_map(emojis.images, xy), quality=85)
    use_style()
    posteriors = load_posteriors()
    order = np.argsort(-kl_by_dimension(*posteriors))[:6]
    code = posteriors[0][emojis.index("😀")]
    def moved(k, n): # dimension k from low to high in n steps
        return np.where(np.arange(LATENT_DIM) == k, np.linspace(-2.5, 2.5, n)[:, None], code)
    text = "merry christmas"
    best = answerer.answer(text)
    codes, cosines = answerer.invent_codes(text)
    real = np.stack([emojis[char] for char in best["emoji"]]) / 255
    large = real.repeat(4, axis=1).repeat(4, axis=2)
    answers = np.concatenate([large, render(codes)])
    for end, width, n, height in (("", PAGE_WIDTH, 13, 1.5), ("-phone", phone.width, 9, 1.1)):
        plot_rows({f"{rank}": render(moved(k, n), 72) for rank, k in enumerate(order, 1)},
                  width=width)
        plt.savefig(folder/f"sliders{end}.webp", dpi=phone.dpi)
        plot_answers(text, answers, [*best["score"], *cosines], width=width)
        plt.gcf().set_figheight(height)
        plt.savefig(folder/f"ask{end}.webp", dpi=phone.dpi)
    plt.close("all")


def install_runtime(folder:Path) -> str: # why it could not be had, '' if it is there
    "Copy onnxruntime-web and d3-contour, fetched from npm as package-lock.json names them."
    modules = here/"node_modules"
    package = modules/"onnxruntime-web"
    # npm writes the former last
    done, wanted = modules/".package-lock.json", here/"package-lock.json"
    if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
        if not (npm := shutil.which("npm")): return "npm is not installed"
        command = [npm, "ci", "--silent", "--no-fund", "--no-audit"]
        if subprocess.run(command, cwd=here, check=False).returncode:
            return "`npm ci` failed"
    shutil.copy(package/"dist/ort.wasm.min.mjs", folder/"ort.mjs")
    shutil.copy(package/"dist/ort-wasm-simd-threaded.mjs", folder)
    contour = [modules/f"d3-{name}/dist/d3-{name}.min.js" for name in ("array", "contour")]
    (folder/"d3.js").write_text("\n".join(file.read_text(encoding="utf-8") for file in contour),
                                encoding="utf-8")
    wasm = (package/"dist/ort-wasm-simd-threaded.wasm").read_bytes()
    (folder/"ort.wasm.gz").write_bytes(gzip.compress(wasm, mtime=0))
    return ""


def draw_nothing(page:Path, reason:str) -> None:
    "Have the playground's page answer texts and show pictures of the rest; say here why."
    print(f"The playground will not draw, as onnxruntime-web could not be had: {reason}.",
          file=sys.stderr)
    html = page.read_text(encoding="utf-8")
    page.write_text(html.replace('<div class="playground"',
                                 '<div class="playground" data-missing="onnxruntime-web"'),
                    encoding="utf-8")


def write_playground(
    source:Path, # the folder that Sphinx reads, with playground.html in it
) -> None:
    "Write all that the page of the playground loads."
    folder = source/"static/playground"
    folder.mkdir(parents=True, exist_ok=True)
    answerer, emojis = load_answerer(), load_emojis()
    xy = write_map(folder, emojis)
    write_sheet(folder, emojis)
    write_pictures(folder, answerer, emojis, xy)
    write_reader(folder, answerer)
    if reason := install_runtime(folder):
        draw_nothing(source/"playground.html", reason)
        return
    write_decoder(folder)
    write_inventor(folder, answerer)
