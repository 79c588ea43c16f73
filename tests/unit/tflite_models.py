"""Tiny TFLite models of one operation, made from LiteRT's own schema."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any


def relu(shape: Sequence[int], kind: str = "FLOAT32") -> bytes:
    """Return a model whose output is its input without what is below 0."""
    schema: Any = importlib.import_module("ai_edge_litert.schema_py_generated")
    flatbuffers: Any = importlib.import_module("flatbuffers")

    def tensor(name: str) -> Any:
        made = schema.TensorT()
        made.name, made.shape = name, list(shape)
        made.type, made.buffer = getattr(schema.TensorType, kind), 0
        return made

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RELU
    code.version = 1
    operation = schema.OperatorT()
    operation.opcodeIndex, operation.inputs, operation.outputs = 0, [0], [1]
    graph = schema.SubGraphT()
    graph.tensors = [tensor("in"), tensor("out")]
    graph.inputs, graph.outputs, graph.operators = [0], [1], [operation]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
