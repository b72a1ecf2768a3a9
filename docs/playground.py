"""Make what the playground's page loads.

The models as ONNX, a map of the codes, the runtime, and pictures for readers without JavaScript.

The graphs are exported by Keras. Weights that half precision holds exactly, which are all large
ones, are stored in it; the browser computes in single precision, so that it gives what Python gives
but for rounding.
"""
import gzip
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from contextlib import contextmanager
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

from neural_emojis.answers import TRIES, Answerer, climb, load_answerer, plot_answers
from neural_emojis.data import EmojiSet, describe, emoji_char, load_annotations, tile
from neural_emojis.generation import kl_by_dimension, load_density
from neural_emojis.plot import plot_rows, use_style
from neural_emojis.questions import WORD
from neural_emojis.vae import LATENT_DIM, load_clouds

here = Path(__file__).resolve().parent
neighbours, power = 8, 4          # of `code_at`


def project(
    codes:np.ndarray, # (n, 16)
    seed:int=0,       # of t-SNE
) -> np.ndarray: # float32 (n, 2), in [0, 1]: each code on a place of its own in a square grid, similar ones close
    """A map of codes: t-SNE (van der Maaten & Hinton 2008),
    then the grid that takes the shortest moves."""
    xy = TSNE(2, perplexity=20, init='pca', random_state=seed).fit_transform(codes)
    xy = (xy - xy.min(axis=0)) / np.ptp(xy, axis=0)
    ticks = np.linspace(0, 1, int(np.ceil(np.sqrt(len(codes)))), dtype=np.float32)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    return grid[linear_sum_assignment(cdist(xy, grid, 'sqeuclidean'))[1]]


def code_at(
    point:np.ndarray, # (2,): a place on the map
    xy:np.ndarray,    # (n, 2), from `project`
    codes:np.ndarray, # (n, 16)
) -> np.ndarray: # (16,): the code of an emoji where it lies, a mixture of its neighbours' elsewhere
    """From the map back to codes, by inverse distance weighting (Shepard 1968)
    of the nearest emojis."""
    squares = ((xy.astype(float) - point) ** 2).sum(axis=1)
    nearest = np.argsort(squares, kind='stable')[:neighbours]
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
        weights.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f'{name}_half'))
        casts.append(onnx.helper.make_node('Cast', [f'{name}_half'], [name],
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
                warnings.simplefilter('ignore')
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
        model.export(file := str(Path(folder)/'model.onnx'), format='onnx', verbose=False)
        proto = onnx.load(file)
    halve(proto.graph)
    onnx.checker.check_model(proto)
    path.write_bytes(gzip.compress(proto.SerializeToString(), mtime=0))


def sentiment_graph(committee) -> tuple[keras.Model, np.ndarray]:
    "Bags to cosines and probabilities; and the n-grams, which the browser looks up itself."
    ngrams = committee.ngrams
    bare = committee.from_config(committee.get_config())
    bare.set_weights(committee.get_weights())
    for layer in bare.layers:
        if layer.name.startswith('bag_'):
            # all that the graph asks of them
            layer.get_layer('bag').ngrams.assign(np.where(ngrams >= WORD, WORD, 0))
    cosines = bare.outputs[0]
    confidence = ops.softmax(cosines / committee.temperature, axis=-1)
    return keras.Model(bare.inputs, [cosines, confidence], name='sentiment'), ngrams


def answer_graph(answerer:Answerer) -> keras.Model:
    """A bag of words (n, words) to the question's vector (n, 150)
    and its cosines with all emojis (n, 872)."""
    meaning = answerer.meaning
    bag = keras.Input((len(meaning.vocabulary),), name='bag')
    words, question_map = meaning.get_layer('words'), meaning.get_layer('question_map')
    question = ops.normalize(question_map(ops.normalize(words(bag))))
    answers = layers.Dense(len(answerer.answers), use_bias=False, name='answers')
    model = keras.Model(bag, [question, answers(question)], name='answer')
    answers.set_weights([answerer.answers.T])
    return model


def climb_graph(answerer:Answerer, density) -> keras.Model:
    "Codes (n, 16) and a question's vector (1, 150) to cosines (n,) and log densities (n,)."
    code = keras.Input((LATENT_DIM,), name='code')
    question = keras.Input((answerer.answers.shape[1],), name='question')
    meaning = answerer.meaning
    scaler = meaning.get_layer('scaler')
    # as constants, which ONNX can hold
    mean, deviation = (ops.convert_to_numpy(part)
                       for part in (scaler.mean, ops.sqrt(scaler.variance)))
    pictured = ops.normalize(meaning.get_layer('picture_map')((code - mean) / deviation))
    cosine = ops.matmul(pictured, ops.transpose(question))[:, 0]
    roots = density.precisions_cholesky_  # (K, 16, 16)
    spread = layers.Dense(roots.shape[0] * LATENT_DIM, name='whitened')
    whitened = ops.reshape(spread(code), (-1, roots.shape[0], LATENT_DIM))
    squares = ops.sum(ops.square(whitened), axis=-1)
    peak = (np.log(density.weights_) + np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
            - LATENT_DIM / 2 * np.log(2 * np.pi))
    log_density = ops.logsumexp(squares * -.5 + peak.astype(np.float32), axis=-1)
    spread.set_weights([np.concatenate(list(roots), axis=1),
                        -np.einsum('ki,kij->kj', density.means_, roots).ravel()])
    return keras.Model([code, question], [cosine, log_density], name='climb')


def write_models(folder:Path, answerer:Answerer) -> None:
    "The four graphs, and the arrays and words that go with them."
    density = load_density()
    starts, _, least = answerer._starts
    starts = starts[density.score_samples(starts) >= least]
    parameters = inspect.signature(climb).parameters
    how = {name: parameter.default for name, parameter in parameters.items()
           if name in ('n_rounds', 'n_climbers', 'step')}
    shape = (how['n_rounds'], TRIES, how['n_climbers'], LATENT_DIM)
    steps = np.random.default_rng(0).standard_normal(shape)  # those of `climb` with seed 0
    sentiment, ngrams = sentiment_graph(answerer.committee)
    export(answerer.vae.decoder, folder/'decoder.onnx.gz')
    export(sentiment, folder/'sentiment.onnx.gz')
    export(answer_graph(answerer), folder/'answer.onnx.gz')
    export(climb_graph(answerer, density), folder/'climb.onnx.gz')
    every = list(load_annotations().index)
    stems, called = answerer.meaning.stems, answerer.words
    arrays = {'ngrams': (ngrams % WORD).astype(np.uint32),
              'starts': starts.astype(np.float32), 'steps': steps.astype(np.float32),
              # one of each for a word
              'stems': stems.indices.astype(np.uint32), 'weights': stems.data.astype(np.float32),
              'called_stems': called.indices.astype(np.uint32),
              'called_weights': called.data.astype(np.float32)}
    for name, array in arrays.items():
        (folder/f'{name}.gz').write_bytes(gzip.compress(array.tobytes(), mtime=0))
    text = {'first_word': int((ngrams < WORD).sum()), 'labels': answerer.committee.labels,
            'least': float(least), **how, 'tries': TRIES,
            'words': answerer.meaning.vocabulary,
            'described': dict(zip(map(emoji_char, every), describe(every))),
            'called': called.indptr.tolist(), 'n_stems': stems.shape[1]}
    (folder/'text.json').write_text(json.dumps(text, ensure_ascii=False), encoding='utf-8')


def write_map(folder:Path, emojis:EmojiSet) -> np.ndarray: # the map, (872, 2)
    """The codes, their map, the mixture, and how much each dimension says;
    and the pictures of all emojis as one."""
    clouds, density = load_clouds(), load_density()
    codes, xy, kl = clouds[0], project(clouds[0]), kl_by_dimension(*clouds)
    names = load_annotations().loc[emojis.names, 'name']
    low, high = np.quantile(codes, [.01, .99], axis=0)
    data = {'chars': emojis.chars, 'names': list(names), 'codes': plain(codes), 'xy': plain(xy),
            'neighbours': neighbours, 'power': power,
            'kl': plain(kl), 'order': np.argsort(-kl).tolist(),
            'low': plain(1.2 * low), 'high': plain(1.2 * high),
            'weights': plain(density.weights_), 'means': plain(density.means_),
            'roots': plain(np.linalg.cholesky(density.covariances_))}
    (folder/'map.json').write_text(json.dumps(data, ensure_ascii=False), encoding='utf-8')
    columns = int(np.ceil(np.sqrt(len(emojis))))
    iio.imwrite(folder/'emojis.webp', tile(emojis.images, columns),
                lossless=True, quality=100, method=6)
    return xy


def draw_map(images:np.ndarray, xy:np.ndarray) -> np.ndarray: # uint8 (1400, 1400, 4)
    "All emojis at their places on the map."
    size, side = 1400, images.shape[1]
    paper = np.zeros((size, size, 4), np.uint8)
    for picture, (left, top) in zip(images, (xy * (size - side)).round().astype(int)):
        paper[top:top + side, left:left + side] = picture
    return paper


def write_pictures(folder:Path, answerer:Answerer, xy:np.ndarray) -> None:
    """What a reader without JavaScript sees: the map, the dimensions that say most,
    and one text answered."""
    iio.imwrite(folder/'map.webp', draw_map(answerer.emojis.images, xy), quality=85)
    use_style()
    clouds = load_clouds()
    order, steps = np.argsort(-kl_by_dimension(*clouds))[:6], np.linspace(-2.5, 2.5, 13)
    code = clouds[0][answerer.emojis.index('😀')]
    moved = lambda k: np.where(np.arange(LATENT_DIM) == k, steps[:, None], code)
    plot_rows({f'{rank}': answerer.vae.decode(moved(k)) for rank, k in enumerate(order, 1)})
    plt.savefig(folder/'sliders.webp', dpi=200)
    text = 'merry christmas'
    best, (codes, scores) = answerer.answer(text), answerer.invent_codes(text)
    real = np.stack([answerer.emojis[name] for name in best['name']]) / 255
    plot_answers(text, [*real, *answerer.vae.decode(codes)], [*best['score'], *scores / 2])
    plt.savefig(folder/'ask.webp', dpi=200)
    plt.close('all')


def install_runtime(folder:Path) -> str: # why it could not be had, '' if it is there
    "Copy onnxruntime-web, fetched from npm in the version that package-lock.json names."
    package = here/'node_modules/onnxruntime-web'
    # npm writes the former last
    done, wanted = here/'node_modules/.package-lock.json', here/'package-lock.json'
    if not done.exists() or done.stat().st_mtime < wanted.stat().st_mtime:
        if not (npm := shutil.which('npm')): return 'npm is not installed'
        if subprocess.run([npm, 'ci', '--silent', '--no-fund', '--no-audit'], cwd=here).returncode:
            return '`npm ci` failed'
    shutil.copy(package/'dist/ort.wasm.min.mjs', folder/'ort.mjs')
    shutil.copy(package/'dist/ort-wasm-simd-threaded.mjs', folder)
    wasm = (package/'dist/ort-wasm-simd-threaded.wasm').read_bytes()
    (folder/'ort.wasm.gz').write_bytes(gzip.compress(wasm, mtime=0))
    return ''


def show_pictures_only(page:Path, reason:str) -> None:
    "Take the script out of the playground's page, and say on it and here why."
    print(f'The playground will show pictures only, as onnxruntime-web could not be had: {reason}.',
          file=sys.stderr)
    html = re.sub(r'(<p class="status".*?>).*?</p>',
                  r'\1These are pictures of it: this site was made without onnxruntime-web, '
                  r'which runs its models.</p>',
                  page.read_text(encoding='utf-8'))
    page.write_text(re.sub(r'<script.*?</script>\n', '', html), encoding='utf-8')


def write_playground(
    source:Path, # the folder that Sphinx reads, with playground.html in it
) -> None:
    "Write all that the page of the playground loads."
    folder = source/'static/playground'
    folder.mkdir(parents=True, exist_ok=True)
    answerer = load_answerer()
    xy = write_map(folder, answerer.emojis)
    write_pictures(folder, answerer, xy)
    if reason := install_runtime(folder): show_pictures_only(source/'playground.html', reason)
    else: write_models(folder, answerer)
