"""What enters the operation list appears in Python, in the stubs and in the page of reference."""

import copy
import importlib
import inspect
import pathlib
import pickle
import re

import pytest

import neura as nr

LISTS = sorted(pathlib.Path("tensor/ops/op_list").glob("*.inc"))
ROW = re.compile(r"^NEURA_(?:OP|UNARY|UNARY_WITH|BINARY)\((\w+), (\w+),", re.MULTILINE)
COMPOSITE = re.compile(r"^NEURA_COMPOSITE(?:_AS)?\((\w+), (?:[\w:<>]+, \w+, )?(\w+),", re.MULTILINE)
COMPOSITE_LISTS = [
    *pathlib.Path("tensor/ops/composites").glob("*.inc"),
    *(pathlib.Path(f"tensor/{name}/{name}.inc") for name in nr._C._namespaces),
]
SCOPES = {
    "both": [("neura", nr), ("neura.Tensor", nr.Tensor)],
    "itself": [("neura", nr), ("neura.Tensor", nr.Tensor)],
    "function": [("neura", nr)],
    "method": [("neura.Tensor", nr.Tensor)],
    "functional": [("neura.nn.functional", nr.nn.functional)],
}
SCOPES.update({name: [(f"neura.{name}", module)] for name, module in nr._C._namespaces.items()})
PACKAGE = pathlib.Path(nr.__file__).parent

# Rows that only write over a tensor are methods.
IN_PLACE_ONLY = {"assign", "index_assign"}
# Rows that Tensor.to() calls, and those of programs, which C++ traces.
INSIDE = {"to_device", "fused_pointwise", "fused_update"}


def rows():
    found = [name for path in LISTS for _, name in ROW.findall(path.read_text())]
    assert len(found) > 80
    return [name for name in found if name not in INSIDE]


@pytest.mark.parametrize("name", rows())
def test_a_row_is_a_function_with_a_stub_and_an_entry(name):
    stub = (PACKAGE / "_C.pyi").read_text()
    page = (PACKAGE / "API.md").read_text()
    if name in IN_PLACE_ONLY:
        assert callable(getattr(nr.Tensor, name + "_"))
        assert f"def {name}_(self" in stub
        return
    function = getattr(nr, name)
    assert function.__doc__
    inspect.signature(function)
    assert re.search(rf"^def {name}\(", stub, re.MULTILINE)
    assert f"- `{name}(" in page


def composites():
    rows = [row for path in COMPOSITE_LISTS for row in COMPOSITE.findall(path.read_text())]
    assert len(rows) > 70
    return rows


@pytest.mark.parametrize("where,name", composites())
def test_a_composite_stands_where_its_row_says(where, name):
    page = (PACKAGE / "API.md").read_text()
    places = [(title, holder, name) for title, holder in SCOPES[where]]
    if where == "itself":
        places.append(("neura.Tensor", nr.Tensor, name + "_"))
    for title, holder, name in places:
        function = getattr(holder, name)
        assert function.__doc__
        inspect.signature(function)
        section = page[page.index(f"\n## {title}\n") :].split("\n## ")[1]
        assert f"- `{name}(" in section


def test_pointwise_rows_are_methods_and_in_place_methods():
    for name in ("exp", "add", "clamp", "relu"):
        assert callable(getattr(nr.Tensor, name))
        assert callable(getattr(nr.Tensor, name + "_"))


def test_namespaces_are_modules():
    for name, module in nr._C._namespaces.items():
        assert importlib.import_module(f"neura.{name}") is module is getattr(nr, name)
        assert module.__doc__
        assert (PACKAGE / f"{name}.pyi").exists()


def test_functions_are_copied_and_pickled_by_name():
    model = nr.nn.Sequential(nr.nn.Linear(2, 2))
    model.act = nr.nn.functional.relu
    assert copy.deepcopy(model).act is nr.nn.functional.relu
    for function in (nr.exp, nr.nn.functional.gelu, nr.nn.functional.softmax, nr.Tensor.add, nr.nn.init.zeros_, nr.linalg.vecdot):
        assert copy.copy(function) is function
        assert pickle.loads(pickle.dumps(function)) is function


def test_arguments_are_checked_as_python_does():
    x = nr.ones(2, 3)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'axes'"):
        nr.sum(x, axes=1)
    with pytest.raises(TypeError, match=r"multiple values for argument 'dim'"):
        nr.sum(x, 1, dim=1)
    with pytest.raises(TypeError, match=r"missing the argument 'dim'"):
        nr.cumsum(x)
    with pytest.raises(TypeError, match=r"takes 2 positional arguments at most, but 3 were given"):
        nr.matmul(x, x, x)
    with pytest.raises(TypeError, match=r"argument 'input' must be Tensor, not list"):
        nr.sum([1.0])
