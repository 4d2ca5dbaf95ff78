"""One TFLite file of two that hold the same network, in 8 and in 16 bit."""

from __future__ import annotations

import copy
from typing import NamedTuple

from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils


def join_tflite(narrow: bytes, wide: bytes) -> bytes:
    """A file that works on maps (tensors of rank 4) as the first does, and on all else as the second.

    Where a tensor crosses from one to the other, its number format is changed.

    Args:
        narrow, wide: conversions of the same network, so that tensors of the same name are the same thing.
    """
    return _Join(_Source(narrow), _Source(wide)).file()


class _Source:
    """A file to take from."""

    def __init__(self, content: bytes) -> None:
        self.model = flatbuffer_utils.convert_bytearray_to_object(content)
        self.graph = self.model.subgraphs[0]
        self.names = {tensor.name: index for index, tensor in enumerate(self.graph.tensors)}
        self.makers = {index: operator for operator in self.graph.operators for index in operator.outputs}

    def is_map(self, index: int) -> bool:
        shape = self.graph.tensors[index].shape
        return shape is not None and len(shape) == 4

    def is_constant(self, index: int) -> bool:
        data = self.model.buffers[self.graph.tensors[index].buffer].data
        return data is not None and len(data) > 0


class _Place(NamedTuple):
    """A tensor of a source."""

    source: _Source
    index: int


class _Join:
    """The new file's tensors and operators, made as what is behind them is asked for."""

    def __init__(self, narrow: _Source, wide: _Source) -> None:
        self._narrow, self._wide = narrow, wide
        self._model = copy.copy(wide.model)
        self._graph = copy.copy(wide.graph)
        self._graph.tensors, self._graph.operators = [], []
        # The format's first buffer is the empty one.
        self._model.buffers, self._model.operatorCodes, self._model.metadata = [schema.BufferT()], [], None
        self._model.subgraphs = [self._graph]
        self._made: dict[_Place, int] = {}

    def file(self) -> bytes:
        self._graph.outputs = [self._border(index) for index in self._wide.graph.outputs]
        self._graph.inputs = [self._border(index) for index in self._wide.graph.inputs]
        for signature in self._model.signatureDefs:
            for tensor in (*signature.inputs, *signature.outputs):
                tensor.tensorIndex = self._border(tensor.tensorIndex)
        return bytes(flatbuffer_utils.convert_object_to_bytearray(self._model))

    def _border(self, index: int) -> int:
        """The network's input or an output."""
        return self._index_of(self._home(_Place(self._wide, index)))

    def _home(self, place: _Place) -> _Place:
        """Where a tensor is made: in the file that knows it in its own format."""
        home = self._narrow if place.source.is_map(place.index) else self._wide
        name = place.source.graph.tensors[place.index].name
        if place.source.is_constant(place.index) or name not in home.names:
            return place
        return _Place(home, home.names[name])

    def _index_of(self, place: _Place) -> int:
        if place.index < 0:  # an operator's optional input, left out
            return place.index
        if place not in self._made:
            self._make(place)
        return self._made[place]

    def _make(self, place: _Place) -> None:
        """Add a tensor, and before it all that it is made from."""
        source, index = place
        home = self._home(place)
        if home != place:
            self._add(self._quantize(), [self._index_of(home)], [place])
        elif index in source.makers:
            operator = copy.copy(source.makers[index])
            code = source.model.operatorCodes[operator.opcodeIndex]
            operator.opcodeIndex = self._code(code.builtinCode, code.version)
            inputs = [self._index_of(_Place(source, each)) for each in operator.inputs]
            self._add(operator, inputs, [_Place(source, each) for each in operator.outputs])
        else:  # a constant, or the network's input
            self._add_tensor(place)

    def _add(self, operator: schema.OperatorT, inputs: list[int], outputs: list[_Place]) -> None:
        for place in outputs:
            self._add_tensor(place)
        operator.inputs, operator.outputs = inputs, [self._made[place] for place in outputs]
        self._graph.operators.append(operator)

    def _add_tensor(self, place: _Place) -> None:
        tensor = copy.copy(place.source.graph.tensors[place.index])
        buffer = place.source.model.buffers[tensor.buffer]
        tensor.buffer = 0
        if place.source.is_constant(place.index):
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        self._made[place] = len(self._graph.tensors)
        self._graph.tensors.append(tensor)

    def _quantize(self) -> schema.OperatorT:
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(schema.BuiltinOperator.QUANTIZE, 1)
        operator.builtinOptionsType = schema.BuiltinOptions.QuantizeOptions
        operator.builtinOptions = schema.QuantizeOptionsT()
        return operator

    def _code(self, builtin: int, version: int) -> int:
        """Which of the file's kinds of operators this is; a new one if need be."""
        codes = self._model.operatorCodes
        for index, code in enumerate(codes):
            if (code.builtinCode, code.version) == (builtin, version):
                return index
        code = schema.OperatorCodeT()
        # Old programs read a field of 8 bits.
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), version
        codes.append(code)
        return len(codes) - 1
