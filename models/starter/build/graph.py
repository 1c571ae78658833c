"""A thin layer over onnx.helper: a graph that is written node by node, in order."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
PRODUCER = "clipd models/starter/build"


class Graph:
    """Collects nodes and initialisers; every call returns the name of its output."""

    def __init__(self, name):
        self.name, self.nodes, self.initializers = name, [], []
        self.inputs, self.outputs = [], []
        self.domains = {}

    def input(self, name, dtype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name, dtype, shape):
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def half(self, name, values):
        """A float32 constant stored as float16: the session folds the Cast when it loads."""
        stored = self.constant(name + "_f16", np.asarray(values).astype(np.float16))
        return self.node("Cast", [stored], name, to=TensorProto.FLOAT)

    def node(self, op, inputs, output, domain="", **attributes):
        if domain:
            self.domains[domain] = 1
        self.nodes.append(helper.make_node(op, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def node_many(self, op, inputs, outputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, outputs, name=outputs[0], **attributes))
        return outputs

    def model(self, doc):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers, doc_string=doc)
        opsets = [helper.make_opsetid("", OPSET)]
        opsets += [helper.make_opsetid(d, v) for d, v in sorted(self.domains.items())]
        model = helper.make_model(graph, opset_imports=opsets, producer_name=PRODUCER, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model


def save(model, path):
    """Writes the model so that equal models give equal bytes."""
    with open(path, "wb") as f:
        f.write(model.SerializeToString(deterministic=True))
