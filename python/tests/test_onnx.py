"""Models out to ONNX files and back, checked with ONNX's own checker."""

import onnx
import onnx.numpy_helper
import pytest

import neura as nr
from neura import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(4 * 16, 5)

    def forward(self, x):
        x = nn.functional.max_pool2d(nn.functional.relu(self.norm(self.conv(x))), 2)
        return self.fc(x.flatten(1))


def test_a_module_goes_out_and_comes_back(tmp_path):
    net = Net()
    net.norm.weight.data.uniform_(0.5, 2)
    path = tmp_path / "net.onnx"
    nr.onnx.export(net, nr.randn(2, 1, 8, 8), path, input_names=["image"], output_names=["scores"])
    assert net.training and net.norm.training
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    assert {tensor.name for tensor in model.graph.initializer} >= {"conv.weight", "fc.bias", "norm.running_mean"}
    program = nr.onnx.load(path)
    assert program.input_names == ["image"] and program.output_names == ["scores"]
    net.eval()
    for batch in (1, 7):
        x = nr.randn(batch, 1, 8, 8)
        assert nr.allclose(program(x), net(x), atol=1e-5)
    assert "= conv(" in repr(program)


def test_functions_of_several_tensors(tmp_path):
    path = tmp_path / "f.onnx"
    nr.onnx.export(lambda x, y: (x @ y, x.sum()), (nr.ones(3, 4), nr.ones(4, 2)), path, dynamic_axes={})
    program = nr.onnx.load(path)
    product, total = program(nr.ones(3, 4), nr.ones(4, 2))
    assert product.tolist() == [[4, 4]] * 3 and total.item() == 12
    with pytest.raises(ValueError, match="input"):
        program(nr.ones(2, 4), nr.ones(4, 2))


def test_dynamic_axes_as_pytorch_has_them(tmp_path):
    path = tmp_path / "g.onnx"
    axes = {"x": {1: "length"}, "y": [0], "output": {1: "length"}}
    nr.onnx.export(
        lambda x, y: x * 2 + y.sum(), (nr.ones(3, 4), nr.ones(5)), path, input_names=["x", "y"], dynamic_axes=axes
    )
    program = nr.onnx.load(path)
    assert program(nr.ones(3, 9), nr.ones(2)).shape == (3, 9)
    with pytest.raises(ValueError):
        program(nr.ones(2, 9), nr.ones(2))
    with pytest.raises(ValueError, match="'z'"):
        nr.onnx.export(lambda x: x, nr.ones(2), path, dynamic_axes={"z": [0]})


def test_errors_of_functions_and_files(tmp_path):
    def fails(x):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        nr.onnx.export(fails, nr.ones(2), tmp_path / "h.onnx")
    with pytest.raises(NotImplementedError, match="ONNX generators draw other numbers"):
        nr.onnx.export(lambda x: x + nr.rand(2), nr.ones(2), tmp_path / "h.onnx", dynamic_axes={})
    with pytest.raises(NotImplementedError, match="mul"):
        nr.onnx.export(lambda x: x * x, nr.tensor([True, False]), tmp_path / "h.onnx")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError):
        nr.onnx.load(tmp_path / "missing.onnx")
    (tmp_path / "garbage.onnx").write_bytes(b"garbage")
    with pytest.raises(ValueError, match="garbage.onnx"):
        nr.onnx.load(tmp_path / "garbage.onnx")


def model_of(nodes, inputs, outputs, initializers=()):
    graph = onnx.helper.make_graph(nodes, "graph", inputs, outputs, list(initializers))
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])


def tensor_info(name, shape, dtype=onnx.TensorProto.FLOAT):
    return onnx.helper.make_tensor_value_info(name, dtype, shape)


def test_bytes_files_and_names(tmp_path):
    node = onnx.helper.make_node
    model = model_of(
        [node("Sub", ["x", "y"], ["z"])],
        [tensor_info("x", ["n", 2]), tensor_info("y", [2])],
        [tensor_info("z", ["n", 2])],
    )
    bytes_ = model.SerializeToString()
    (tmp_path / "m.onnx").write_bytes(bytes_)
    with open(tmp_path / "m.onnx", "rb") as file:
        for program in (nr.onnx.load(bytes_), nr.onnx.load(file), nr.onnx.load(str(tmp_path / "m.onnx"))):
            assert program(y=nr.ones(2), x=nr.zeros(3, 2)).tolist() == [[-1, -1]] * 3
    assert program.inputs == [("x", nr.float32, ("n", 2)), ("y", nr.float32, (2,))]
    assert program.outputs[0].shape == ("n", 2)
    assert nr.onnx.load(bytes_, fixed_dims={"n": 5}).inputs[0].shape == (5, 2)
    with pytest.raises(TypeError, match="'y' is missing"):
        program(nr.zeros(3, 2))
    with pytest.raises(TypeError, match="'x'"):
        program(nr.zeros(3, 2), nr.ones(2), x=nr.zeros(3, 2))


def test_weights_outside_of_the_model(tmp_path):
    weight = onnx.TensorProto(name="w", dims=[2], data_type=onnx.TensorProto.FLOAT)
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="w.bin")
    model = model_of(
        [onnx.helper.make_node("Add", ["x", "w"], ["y"])], [tensor_info("x", [2])], [tensor_info("y", [2])], [weight]
    ).SerializeToString()
    data = nr.tensor([3.0, 4.0]).numpy().tobytes()
    for given in ({"w.bin": data}, lambda location: data):
        assert nr.onnx.load(model, external_data=given)(nr.ones(2)).tolist() == [4, 5]
    with pytest.raises(KeyError, match="w.bin"):
        nr.onnx.load(model, external_data={})
    with pytest.raises(NotImplementedError, match="another file"):
        nr.onnx.load(model)
    (tmp_path / "w.bin").write_bytes(data)
    (tmp_path / "m.onnx").write_bytes(model)
    assert nr.onnx.load(tmp_path / "m.onnx")(nr.ones(2)).tolist() == [4, 5]


def test_sequences_optionals_and_strings():
    helper = onnx.helper
    tensor = helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, ["n"])
    xs = helper.make_value_info("xs", helper.make_sequence_type_proto(tensor))
    ys = helper.make_value_info("ys", helper.make_sequence_type_proto(tensor))
    program = nr.onnx.load(
        model_of([helper.make_node("SequenceErase", ["xs"], ["ys"])], [xs], [ys]).SerializeToString()
    )
    assert [y.tolist() for y in program([nr.ones(2), nr.ones(3)])] == [[1, 1]]
    x = helper.make_value_info("x", helper.make_optional_type_proto(tensor))
    has = model_of(
        [helper.make_node("OptionalHasElement", ["x"], ["y"])], [x], [tensor_info("y", [], onnx.TensorProto.BOOL)]
    )
    program = nr.onnx.load(has.SerializeToString())
    assert program(nr.ones(2)).item() is True and program(None).item() is False
    strings = onnx.TensorProto.STRING
    equal = model_of(
        [helper.make_node("Identity", ["a"], ["b"])],
        [tensor_info("a", ["n", 2], strings)],
        [tensor_info("b", ["n", 2], strings)],
    )
    program = nr.onnx.load(equal.SerializeToString())
    assert program([["a", "b"]]) == [["a", "b"]]
    with pytest.raises(ValueError, match="one shape"):
        program([["a", "b"], ["c"]])
    with pytest.raises(ValueError, match="strings"):
        program(nr.ones(1, 2))


def test_maps():
    helper = onnx.helper
    number = helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [])
    scores = onnx.TypeProto()
    scores.map_type.key_type = onnx.TensorProto.STRING
    scores.map_type.value_type.CopyFrom(number)
    zipped = model_of(
        [helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_strings=["no", "yes"])],
        [tensor_info("x", ["n", 2])],
        [helper.make_value_info("y", helper.make_sequence_type_proto(scores))],
    )
    program = nr.onnx.load(zipped.SerializeToString())
    assert program(nr.tensor([[1.0, 2.0], [3.0, 4.0]])) == [{"no": 1.0, "yes": 2.0}, {"no": 3.0, "yes": 4.0}]
    row = model_of(
        [helper.make_node("DictVectorizer", ["x"], ["y"], domain="ai.onnx.ml", string_vocabulary=["b", "a"])],
        [helper.make_value_info("x", scores)],
        [tensor_info("y", [1, 2])],
    )
    program = nr.onnx.load(row.SerializeToString())
    assert program({"a": 0.5, "c": 1.5}).tolist() == [[0, 0.5]]
    with pytest.raises(TypeError, match="one type"):
        program({"a": 0.5, 1: 1.5})
    with pytest.raises(ValueError, match="map"):
        program(nr.ones(1, 2))


def test_loops_end_at_their_limit():
    int64, boolean = onnx.TensorProto.INT64, onnx.TensorProto.BOOL
    scalar = onnx.helper.make_tensor_value_info
    body = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["go_on"], ["more"]), onnx.helper.make_node("Add", ["x", "i"], ["y"])],
        "body",
        [scalar("i", int64, []), scalar("go_on", boolean, []), scalar("x", int64, [])],
        [scalar("more", boolean, []), scalar("y", int64, [])],
    )
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Loop", ["rounds", "", "x"], ["y"], body=body)],
        "graph",
        [scalar("rounds", int64, []), scalar("x", int64, [])],
        [scalar("y", int64, [])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]).SerializeToString()
    loop = nr.onnx.load(model, most_loop_rounds=10)
    assert loop(nr.tensor(10), nr.tensor(0)).item() == 45
    with pytest.raises(RuntimeError, match="goes on after 10 rounds"):
        loop(nr.tensor(2**62), nr.tensor(0))
    assert nr.onnx.load(model)(nr.tensor(11), nr.tensor(0)).item() == 55


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, x, state=None, *, scale=1.0, offset=None):
        y, (h, c) = self.lstm(x, state)
        y = self.out(y) * scale
        return (y if offset is None else y + offset), (h, c)


def test_what_a_model_says_of_itself(tmp_path):
    net, path = Encoder(), tmp_path / "m.onnx"
    nr.onnx.export(
        net,
        nr.randn(2, 3, 4),
        path,
        input_names=["x"],
        output_names=["y", "h", "c"],
        opset_version=15,
        dynamic_axes={"x": {0: "batch", 1: "time"}},
        metadata={"task": "tagging"},
        doc_string="An encoder",
        model_name="encoder",
    )
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version == 15 and model.ir_version == 8
    assert model.producer_name == "neura" and model.producer_version.count(".") == 2
    assert model.doc_string == "An encoder" and model.graph.name == "encoder"
    assert [(entry.key, entry.value) for entry in model.metadata_props] == [("task", "tagging")]
    assert {name for name, _ in net.named_parameters()} <= {tensor.name for tensor in model.graph.initializer}
    nodes = [node.name for node in model.graph.node]
    assert "/lstm/LSTM" in nodes and "/out/MatMul" in nodes and len(set(nodes)) == len(nodes)
    shape = model.graph.output[0].type.tensor_type.shape
    assert [dim.dim_param or dim.dim_value for dim in shape.dim] == ["batch", "time", 2]
    assert {info.name for info in model.graph.value_info} >= {"/lstm/recurrent"}
    program = nr.onnx.load(path)
    x = nr.randn(3, 7, 4)
    y, h, c = program(x)
    expected, (eh, ec) = net(x)
    for ours, eager in ((y, expected), (h, eh), (c, ec)):
        assert nr.allclose(ours, eager, atol=1e-6)


def test_arguments_in_tuples_and_by_name():
    net = Encoder().eval()
    state = (nr.randn(1, 2, 5), nr.randn(1, 2, 5))
    bytes_ = nr.onnx.export(
        net,
        (nr.randn(2, 3, 4), state),
        kwargs={"scale": 2.0, "offset": nr.ones(2)},
        dynamic_shapes={"x": {0: "batch", 1: "time"}, "state": ({1: "batch"}, (None, "batch", None))},
    )
    program = nr.onnx.load(bytes_)
    assert program.input_names == ["input", "input1", "input2", "offset"]
    assert [info.shape for info in program.inputs] == [("batch", "time", 4), (1, "batch", 5), (1, "batch", 5), (2,)]
    x, h, c, offset = nr.randn(1, 6, 4), nr.randn(1, 1, 5), nr.randn(1, 1, 5), nr.randn(2)
    y = program(x, h, c, offset)[0]
    assert nr.allclose(y, net(x, (h, c), scale=2.0, offset=offset)[0], atol=1e-6)
    by_order = nr.onnx.export(net, (nr.randn(2, 3, 4),), dynamic_shapes=[{1: "time"}])
    assert nr.onnx.load(by_order).inputs[0].shape == (2, "time", 4)
    for shapes, error in (
        ({"z": None}, "names 'z'"),
        ({"x": {5: "a"}}, "3 dimensions"),
        ([None, None], "2 entries for 1"),
    ):
        with pytest.raises(ValueError, match=error):
            nr.onnx.export(net, nr.randn(2, 3, 4), dynamic_shapes=shapes)
    with pytest.raises(TypeError, match="a name, None or a number"):
        nr.onnx.export(net, nr.randn(2, 3, 4), dynamic_shapes={"x": {0: 1.5}})
    with pytest.raises(ValueError, match="either dynamic_axes or dynamic_shapes"):
        nr.onnx.export(net, nr.randn(2, 3, 4), dynamic_shapes={}, dynamic_axes={})


def test_weights_go_out_beside_the_model(tmp_path):
    net, path = nn.Linear(64, 64).eval(), tmp_path / "big.onnx"
    nr.onnx.export(net, nr.randn(2, 64), path, external_data=True)
    data = tmp_path / "big.onnx.data"
    assert data.stat().st_size == 4 * 64 * 64 and path.stat().st_size < 2000
    onnx.checker.check_model(str(path), full_check=True)
    loaded = onnx.load(str(path))
    weight = next(tensor for tensor in loaded.graph.initializer if tensor.name == "weight")
    assert onnx.numpy_helper.to_array(weight).tolist() == net.weight.tolist()
    x = nr.randn(5, 64)
    assert nr.allclose(nr.onnx.load(path)(x), net(x), atol=1e-6)
    with pytest.raises(ValueError, match="written to a path"):
        nr.onnx.export(net, nr.randn(2, 64), external_data=True)
    with open(tmp_path / "file.onnx", "wb") as file:
        assert nr.onnx.export(net, nr.randn(2, 64), file) is None
    assert nr.allclose(nr.onnx.load(tmp_path / "file.onnx")(x), net(x), atol=1e-6)


def test_errors_name_operation_and_module(tmp_path):
    class Inner(nn.Module):
        def forward(self, x):
            return nr.lgamma(x)

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.ReLU(), Inner())

        def forward(self, x):
            return self.layers(x)

    with pytest.raises(NotImplementedError, match="lgamma in module layers.1: ONNX has no gamma function"):
        nr.onnx.export(Outer(), nr.rand(2), tmp_path / "x.onnx")

    def sums(x):
        return x.scatter_add(0, nr.zeros(2, dtype=nr.int64), x)

    with pytest.raises(NotImplementedError, match="scatter_add: .* operator set 16, the model is to be of set 14"):
        nr.onnx.export(sums, nr.rand(2), dynamic_axes={}, opset_version=14)
    with pytest.raises(ValueError, match="operator set 12 is not written"):
        nr.onnx.export(nn.ReLU(), nr.rand(2), opset_version=12)
    with pytest.raises(ValueError, match="'output7', which is no input and no output"):
        nr.onnx.export(nn.ReLU(), nr.rand(2), dynamic_axes={"output7": [0]})


def test_positions_that_follow_from_an_input():
    program = nr.onnx.load(nr.onnx.export(lambda i: nr.arange(5.0)[i + 1], nr.tensor([0, 2]), dynamic_axes={"input": {0: "n"}}))
    assert program(nr.tensor([3, -3, 0])).tolist() == [4, 3, 1]
    with pytest.raises((IndexError, ValueError)):
        program(nr.tensor([4]))
