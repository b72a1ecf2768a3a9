"""A hash of a script and of all that it reaches in the package.

It reaches, by name, functions, classes and constants at the top of modules, and of those what
they name in turn. Docstrings, comments, layout and the book's own imports are left out, and so is
where a thing stands: edited prose and moved code change nothing. `models.py` calls it.
"""
import ast
import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE, SCRIPTS = ROOT / "neural_emojis", ROOT / "scripts"


def module_path(node):
    "The file that `from … import …` names: a module of the package or a script; else None."
    name = f"neural_emojis.{node.module}" if node.level else node.module or ""
    package, _, stem = name.rpartition(".")
    folder = {"neural_emojis": PACKAGE, "": SCRIPTS}.get(package)
    path = folder and folder / f"{stem}.py"
    return path if path and path.exists() and stem != "model_card" else None


def definitions(path):
    "{name: the statement of the module's top level that defines or imports it}"
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            found |= {each.asname or each.name: ast.ImportFrom(node.module, [each], node.level)
                      for each in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)): found[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            found |= {each.id: node for each in ast.walk(node)
                      if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return found


class Bare(ast.NodeTransformer):
    "Takes docstrings and imports of the book's own modules out of code."
    def generic_visit(self, node):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            if ast.get_docstring(node) is not None: node.body = node.body[1:] or [ast.Pass()]
        return super().generic_visit(node)

    def visit_ImportFrom(self, node):
        return None if module_path(node) else node


def written(node):
    "Code as text that is the same in all versions of Python, which `ast.dump` is not."
    if isinstance(node, list): return f"[{', '.join(map(written, node))}]"
    if not isinstance(node, ast.AST): return repr(node)
    fields = [f"{name}={written(value)}" for name, value in ast.iter_fields(node)
              if value is not None and value != []]
    return f"{type(node).__name__}({', '.join(fields)})"


def code_hash(command):
    "The hash, in hexadecimal digits, of a command: the name of a script and its arguments."
    script = SCRIPTS / command.split()[0]
    todo = [(script, ast.parse(script.read_text(encoding="utf-8")))]
    modules, seen, texts = {}, set(), {command}
    while todo:
        path, node = todo.pop()
        for each in ast.walk(node):
            names = [(path, each.id)] if isinstance(each, ast.Name) else []
            if isinstance(each, ast.ImportFrom) and (origin := module_path(each)):
                names = [(origin, alias.name) for alias in each.names]
            if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
                names = [(PACKAGE / f"{each.value.id}.py", each.attr)]  # of a module of ours
            for origin, name in set(names) - seen:
                seen.add((origin, name))
                if origin not in modules:
                    modules[origin] = definitions(origin) if origin.exists() else {}
                if name in modules[origin]: todo.append((origin, modules[origin][name]))
        if bare := Bare().visit(node): texts.add(written(bare))
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()
