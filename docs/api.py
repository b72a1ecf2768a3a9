"""An exported function or class -> its API entry in MyST, with its parameters from docments.

The entries are Sphinx's own Python objects, so that search finds their names, each has an
anchor, and `name` in backticks anywhere in the book links to it (`link_code`).
"""
import ast
import inspect
from functools import cached_property, reduce
from importlib import import_module
from textwrap import dedent
from types import UnionType

from docutils import nodes
from fastcore.docments import docments, empty
from sphinx.util.nodes import make_refnode


def type_name(annotation) -> str:
    "A type as a reader says it: `ndarray`, `list[str]`, `Path | None`."
    if annotation in (empty, type(None)):
        return ""  # docments takes the type from the default, and None has none
    if isinstance(annotation, UnionType):
        return " | ".join(type_name(each) or "None" for each in annotation.__args__)
    is_plain = inspect.isclass(annotation) and not getattr(annotation, "__args__", None)
    return annotation.__name__ if is_plain else str(annotation)


def default_text(value, width:int=40) -> str:
    "A default as it would be typed."
    text = getattr(value, "__name__", None) or repr(value)
    return text if len(text) <= width and "<" not in text else "…"


def table(rows:list[list[str]], header:list[str]) -> str:
    "A markdown table without the columns that are empty."
    keep = [i for i, _ in enumerate(header) if i == 0 or any(row[i] for row in rows)]
    escaped = lambda text: text.replace("|", "\\|").replace("\n", " ")
    line = lambda row: "| " + " | ".join(escaped(row[i]) for i in keep) + " |"
    return "\n".join([line(header), line(["---"]*len(header)), *map(line, rows)])


def inherits_init(obj) -> bool:
    "Is `obj` a class that is made as its base class is, with parameters that are not of this book?"
    return inspect.isclass(obj) and "__init__" not in vars(obj)


def parameters(obj) -> dict:
    """{name: what docments says of it}, the result as 'return';
    without `self`, and `**settings`, for which docments has no meaning."""
    kinds = {name: p.kind for name, p in inspect.signature(obj).parameters.items()}
    return {name: p for name, p in docments(obj, full=True).items()
            if name not in ("self", "cls")
            and kinds.get(name) is not inspect.Parameter.VAR_KEYWORD}


def parameter_table(obj) -> str:
    """Parameters and the result of `obj`, type and meaning; the signature has the defaults.
    '' if no meaning is given."""
    if inherits_init(obj): return ""
    code = lambda text: f"`{text}`" if text else ""
    rows = []
    for name, p in parameters(obj).items():
        row = [code(name), code(type_name(p["anno"])), p.get("docment") or ""]
        if name == "return": row[0] = "*returns*"
        if name == "return" and (inspect.isclass(obj) or not any(row[1:])): continue
        rows.append(row)
    if not any(meaning for *_, meaning in rows): return ""
    return table(rows, ["Parameter", "Type", "Meaning"])


def signature_text(obj) -> str:
    "The parameters in brackets, with defaults and without types, which are in the table."
    if inherits_init(obj): return ""
    try: params = inspect.signature(obj).parameters.values()
    except (ValueError, TypeError): return ""
    def plain(p):
        p = p.replace(annotation=empty)
        return p if p.default is empty else p.replace(default=_Typed(default_text(p.default)))
    return str(inspect.Signature([plain(p) for p in params if p.name not in ("self", "cls")]))


class _Typed(str):
    "A string whose repr is itself."
    __repr__ = str.__str__


def members(cls) -> list[str]:
    """The public methods and properties that the class's own source defines
    and says something about."""
    try: body = ast.parse(dedent(inspect.getsource(cls))).body[0].body
    except (OSError, TypeError): return []
    names = [node.name for node in body
             if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return [name for name in names if getattr(vars(cls).get(name), "__doc__", None)]


def api_entry(module:str, name:str, bare:bool=False) -> str:
    """The entry of `name`, a function, class, `Class.method` or property of `module`;
    bare: without its parameters and what is said of it."""
    parent, _, attribute = name.rpartition(".")
    # `lru_cache` wraps
    obj = inspect.unwrap(reduce(getattr, name.split("."), import_module(module)))
    if parent:
        owner = reduce(getattr, parent.split("."), import_module(module))
        obj = inspect.getattr_static(owner, attribute)
    if isinstance(obj, (staticmethod, classmethod)): obj = obj.__func__
    prop = isinstance(obj, (property, cached_property))
    kind = ("class" if inspect.isclass(obj) else "property" if prop
            else "method" if parent else "function")
    doc = inspect.cleandoc(obj.__doc__ or "")
    parts = [] if bare else [doc] if prop else [doc, parameter_table(obj)]
    if kind == "class":
        parts += [api_entry(module, f"{name}.{member}", bare) for member in members(obj)]
    fence, body = "`" * (8 - name.count(".")), "\n\n".join(filter(None, parts))
    return (f'{fence}{{py:{kind}}} {name}{"" if prop or bare else signature_text(obj)}\n'
            f':module: {module}\n\n{body}\n{fence}')


def link_code(app, doctree, docname) -> None:
    """Make `name` in the text a link to the entry of that name, of this page or else the last
    one before it, except in that entry and in headings."""
    objects = app.env.domains.python_domain.objects
    known = sorted(((full, entry) for full, entry in objects.items() if entry.docname <= docname),
                   key=lambda item: item[1].docname)
    targets = {full.removeprefix(f"{app.config.api_package}.").split(".", 1)[-1]: (full, entry)
               for full, entry in known}
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext().removesuffix("()")
        if name not in targets: continue
        if any(isinstance(p, (nodes.reference, nodes.title)) for p in _parents(literal)): continue
        full, entry = targets[name]
        literal.replace_self(make_refnode(app.builder, docname, entry.docname, entry.node_id,
                                          literal.deepcopy(), full))


def _parents(node):
    "The nodes around `node`, innermost first."
    while node := node.parent: yield node


def setup(app) -> dict:
    "Sphinx calls this when `conf.py` lists this module as an extension."
    app.add_config_value("api_package", "", "env")
    app.connect("doctree-resolved", link_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
