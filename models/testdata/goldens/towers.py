"""Towers with random weights, small or of full size, and their export to ONNX."""

import torch
from torch import nn

torch.backends.mha.set_fastpath_enabled(False)  # the exporter doesn't know it


def randomise(module, seed, rounded=True, gain=1.2):
    """Fills a module so that its output depends on all of its input; seeds make it repeatable. Rounded, weights have three
    bits after the leading one: files pack to a third, and the arithmetic stays float32's. Towers of convolutions want more
    gain of these, else a picture's constant part drowns the rest."""
    generator = torch.Generator().manual_seed(seed)

    def normal(like, scale, mean=0.0):
        return mean + scale * torch.randn(like.shape, generator=generator)

    with torch.no_grad():
        for name, p in module.named_parameters():
            if "embedding" in name and p.ndim == 2:
                p.copy_(normal(p, 0.5))
            elif p.ndim >= 2:
                fan_in = p[0].numel() if not name.endswith("proj") or p.ndim > 2 else p.shape[0]
                p.copy_(normal(p, (gain if p.ndim == 4 else 1.2) / max(1, fan_in) ** 0.5))
            elif p.ndim == 1 and name.endswith(("weight", "gamma", "scale")):
                p.copy_(normal(p, 0.2, 1.0))
            elif p.ndim == 1:
                p.copy_(normal(p, 0.2))
        for name, b in module.named_buffers():
            if name.endswith("running_mean"):
                b.copy_(normal(b, 0.2))
            elif name.endswith("running_var"):
                b.copy_(normal(b, 0.1, 1.0).clamp(min=0.5))
        if rounded:
            for p in module.parameters():
                mantissa, exponent = torch.frexp(p)
                p.copy_(torch.ldexp(torch.round(mantissa * 16) / 16, exponent))
    return module.eval()


class Call(nn.Module):
    """A module whose forward is a function of the model: what one tower does."""

    def __init__(self, model, function):
        super().__init__()
        self.model, self.function = model, function

    def forward(self, *inputs):
        return self.function(self.model, *inputs)


def export(model, function, inputs, outputs, path, fixed=()):
    """Writes function(model, *inputs) as a graph. inputs is {name: example}; axes named in fixed stay as in the example,
    of others the first is "batch" and, of two-dimensional ones, the second "sequence"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: {0: "batch"} for name in [*inputs, *outputs]}
    for name, example in inputs.items():
        if example.ndim == 2 and "sequence" not in fixed:
            axes[name][1] = "sequence"
    if "last_hidden_state" in outputs:
        axes["last_hidden_state"][1] = "sequence"
    with torch.no_grad():
        torch.onnx.export(
            Call(model, function).eval(), tuple(inputs.values()), str(path), input_names=list(inputs), output_names=list(outputs),
            dynamic_axes=axes, opset_version=17, dynamo=False, verbose=False,
        )


def variants(folder):
    """Other variants of a folder's two graphs, made as exporters make them: half precision, 8-bit integers, signed and not,
    4-bit blocks."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    from onnxruntime.transformers.float16 import convert_float_to_float16

    for tower in ("text_model", "vision_model"):
        source = folder / f"onnx/{tower}.onnx"
        model = onnx.load(source)
        onnx.save(convert_float_to_float16(model, keep_io_types=True), folder / f"onnx/{tower}_fp16.onnx")
        for name, kind in (("uint8", QuantType.QUInt8), ("int8", QuantType.QInt8)):
            quantize_dynamic(source, folder / f"onnx/{tower}_{name}.onnx", weight_type=kind)
        blocks = MatMulNBitsQuantizer(onnx.load(source), block_size=16, is_symmetric=True)
        blocks.process()
        blocks.model.save_model_to_file(str(folder / f"onnx/{tower}_q4.onnx"))
