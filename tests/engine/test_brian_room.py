"""Nobody but `brian_internals` and `brian_code` touches what Brian keeps for itself.

Others use what Brian hands to everybody, or to who extends it: what a module of its own exports,
and the names below.
"""

import ast
import importlib
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2 import Equations, ms, second

import bioplastic

PACKAGE = Path(bioplastic.__file__).parent
ROOM = [PACKAGE / "engine" / f"brian_{what}.py" for what in ("internals", "code")]
TREES = {
    str(path.relative_to(PACKAGE)): ast.parse(path.read_text())
    for path in sorted(PACKAGE.rglob("*.py"))
    if path not in ROOM
}

#: What modules of Brian do not export, and its documentation describes: for extensions of Brian.
FOR_EXTENSIONS = {
    "brian2.core.functions": {"DEFAULT_CONSTANTS"},
    "brian2.devices.cpp_standalone.device": {"CPPStandaloneDevice"},
    "brian2.equations.equations": {
        "BOOLEAN", "DIFFERENTIAL_EQUATION", "FLOAT", "PARAMETER", "SUBEXPRESSION", "EquationError",
        "Expression", "SingleEquation",
    },
    "brian2.parsing.expressions": {"is_boolean_expression"},
    "brian2.parsing.sympytools": {"str_to_sympy", "sympy_to_str"},
    "brian2.stateupdaters.base": {"UnsupportedEquationsException"},
    "brian2.units.allunits": set(),
    "brian2.units.fundamentalunits": {"DIMENSIONLESS", "get_unit_for_display"},
}  # fmt: skip

#: Underscores that are not Brian's, and where: ours, of other packages, and what notebooks ask for.
NOT_BRIANS = {
    "_checks.py: _largest",
    "_stored_spikes.py: _addresses",
    "_stored_spikes.py: _held",
    "_stored_spikes.py: _of",
    "_stored_spikes.py: _read",
    "_stored_spikes.py: _source",
    "_stored_spikes.py: _trusted",
    "cli/model_file.py: _get_state",  # skops
    "cli/model_file.py: _utils",
    "encoding/augmentation.py: _trusted",
    "engine/listening.py: _trusted",
    "engine/result.py: _trusted",
    "engine/state_recorder.py: _kept",
    "engine/states.py: _n_steps",
    "engine/states.py: _values",
    "engine/states.py: _with",
    "exchange/nir.py: _takes_spikes",
    "exchange/cpp.py: _learns_signals",
    "exchange/cpp.py: _pool",
    "exchange/cpp.py: _takes_spikes",
    "exchange/dense.py: _bins",
    "exchange/dense.py: _places",
    "exchange/tonic.py: _samples",
    "models/brian_names.py: _refractory",  # no public name gives a group's refractory period
    "models/declaration.py: _repr_latex_",
    "spikes.py: _places",
    "spikes.py: _trusted",
    "spikes.py: _window",
}
#: Modules whose underscores are public.
PUBLIC = {"os", "sys"}
#: Words of Brian's C++ and names of its variables: strings that hold one know too much.
WORDS = (
    "_ptr", "_array_", "_spikespace", "_synaptic_pre", "_synaptic_post", "synaptic_idx",
    "_codeobject", "_subexpression_update", "[_idx]", "synapses_create", "_support_code",
    "brianlib", "code_objects/", "_connect_called", "_registered_variables", "_clocks",
)  # fmt: skip


def modules_of_brian(tree):
    """Imports of Brian: modules, and the names that are taken from each."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((a.name, None) for a in node.names if a.name.startswith("brian2"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("brian2"):
            yield from ((node.module, alias.name) for alias in node.names)


def exported(module):
    """Names that a module of Brian exports, or that Brian gives everybody."""
    found = importlib.import_module(module)
    everybody = {name for name in vars(brian2) if not name.startswith("_")}
    same = {name for name in everybody if getattr(found, name, None) is getattr(brian2, name)}
    return same | {*getattr(found, "__all__", ())} | FOR_EXTENSIONS.get(module, set())


def made_here(tree):
    """Names with an underscore that classes of a file have for themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


OURS = {name for tree in TREES.values() for name in made_here(tree)}


def is_pythons(name):
    """Whether Python gives a name with four underscores its meaning, or scikit-learn."""
    return name.startswith("__") and name.endswith("__") and name != "__instances__"


def private_names(tree):
    """Names that begin with an underscore and belong to somebody else."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            own = owner in ("self", "cls", "super()") and node.attr in OURS
            names = [] if own or owner in PUBLIC else [node.attr]
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("bioplastic"):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        for name in names:
            if name.startswith("_") and not is_pythons(name):
                yield name


def strings_of(tree):
    """Strings that are no docstrings."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if text and id(node) not in documentation:
            yield node.value


def test_others_import_what_brian_exports():
    found = {
        f"{path}: {module}.{name}"
        for path, tree in TREES.items()
        for module, name in modules_of_brian(tree)
        if (module not in FOR_EXTENSIONS and module != "brian2" if name is None
            else name not in exported(module))
    }  # fmt: skip
    assert not found, f"put these into {ROOM[0].name}"


def test_others_ask_for_no_private_names():
    # Functions in networks/ read estimators, which have nothing of Brian but units.
    trees = {path: tree for path, tree in TREES.items() if not path.startswith("networks/")}
    found = {f"{path}: {name}" for path, tree in trees.items() for name in private_names(tree)}
    assert not found - NOT_BRIANS, f"put these into {ROOM[0].name}, or into NOT_BRIANS"


def test_others_spell_no_names_of_brians_insides():
    found = {
        f"{path}: {word}"
        for path, tree in TREES.items()
        for text in strings_of(tree)
        for word in WORDS
        if word in text
    }
    assert not found, f"let {ROOM[0].name} say these"


@pytest.mark.parametrize(
    "code",
    [
        "from brian2.core.network import _x",
        "net._clocks = set()",
        "class A:\n    def f(self):\n        return self._no_name_of_ours",
        "Nameable.__instances__()",
    ],
)
def test_what_is_found(code):
    assert [*private_names(ast.parse(code))]


def test_what_may_be_imported():
    assert "LazyTemplateLoader" not in exported("brian2.codegen.templates")
    assert "get_identifiers" in exported("brian2.utils.stringtools")


def test_the_room_keeps_brian2cuda_out():
    trees = [ast.parse(path.read_text()) for path in ROOM]
    found = [name for tree in trees for name, _ in modules_of_brian(tree)]
    assert not [name for name in found if name.startswith("brian2cuda")]


def test_every_assumption_is_asked_about():
    from bioplastic.engine import brian_code, brian_internals

    asked = {
        node.attr
        for name in ("test_brian_internals.py", "test_brian_cpp.py")
        for node in ast.walk(ast.parse(Path(__file__).with_name(name).read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("room")
    }
    assert {*brian_internals.__all__, *brian_code.__all__} <= asked


class TestForExtensions:
    """What the names stand for."""

    def test_they_are_there(self):
        for module, names in FOR_EXTENSIONS.items():
            for name in names:
                assert hasattr(importlib.import_module(module), name), f"{module}.{name}"

    def test_equations(self):
        from brian2.equations import equations as e

        read = Equations("dv/dt = -v/tau : 1 (unless refractory)\nx = v : 1\nk : boolean")
        kinds = {"v": e.DIFFERENTIAL_EQUATION, "x": e.SUBEXPRESSION, "k": e.PARAMETER}
        assert {name: equation.type for name, equation in read.items()} == kinds
        assert read["k"].var_type == e.BOOLEAN
        assert read["v"].var_type == e.FLOAT
        assert read["v"].flags == ["unless refractory"]
        v = read["v"]
        again = e.SingleEquation(v.type, "v", v.dim, v.var_type, expr=e.Expression("2*v"), flags=[])
        assert Equations([again])["v"].expr.code == "2*v"
        with pytest.raises(e.EquationError):
            Equations("dv/dt = 1 : 1\nv : 1")

    def test_expressions(self):
        from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
        from brian2.parsing.sympytools import str_to_sympy, sympy_to_str

        names = {"t": brian2.NeuronGroup(1, "").variables["t"]}
        assert parse_expression_dimensions("2*t", names) is second.dim
        assert is_boolean_expression("t > 2", names)
        (symbol,) = str_to_sympy("2*x").free_symbols
        assert symbol.name == "x"
        assert symbol.is_real
        assert sympy_to_str(str_to_sympy("x**2")) == "x**2"

    def test_units(self):
        from brian2.units.fundamentalunits import DIMENSIONLESS, get_unit_for_display

        assert brian2.get_dimensions(1) is DIMENSIONLESS
        assert str(get_unit_for_display((ms * 1).dim)) == "s"

    def test_cpp(self):
        from brian2.codegen.generators.cpp_generator import c_data_type
        from brian2.parsing.rendering import CPPNodeRenderer

        kinds = [c_data_type(kind) for kind in (np.float64, np.int32, np.bool_)]
        assert kinds == ["double", "int32_t", "char"]
        assert CPPNodeRenderer().render_expr("a and b") == "a && b"

    def test_variables(self):
        from brian2.core.variables import ArrayVariable, DynamicArrayVariable, Subexpression

        group = brian2.NeuronGroup(2, "v : 1\nx = v : 1", threshold="v > 1")
        synapses = brian2.Synapses(group, group, "w : 1", on_pre="v += w")
        assert isinstance(group.variables["x"], Subexpression)
        assert isinstance(group.variables["v"], ArrayVariable)
        assert isinstance(synapses.variables["w"], DynamicArrayVariable)
        assert not isinstance(group.variables["v"], DynamicArrayVariable)
        assert {"t", "dt", "timestep"} <= set(group.clock.variables)  # which we set
