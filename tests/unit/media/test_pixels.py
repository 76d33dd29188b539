from __future__ import annotations

import numpy as np
import pytest
import torch

from batch_loop.core.media import pixels
from batch_loop.core.media.pixels import to_float, to_uint8, to_uint16


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


class TestToUint8:
    def test_truncates_like_save_image_instead_of_rounding(self) -> None:
        image = torch.tensor([[[0, 0.999 / 255, 1 / 255, 127.9 / 255, 1]]])
        assert to_uint8(image).tolist() == [[[0, 0, 1, 127, 255]]]

    def test_clips(self) -> None:
        image = torch.tensor([[[-1, 1.001, 5, float("inf"), float("-inf"), float("nan")]]])
        assert to_uint8(image).tolist() == [[[0, 255, 255, 255, 0, 0]]]

    def test_every_8_bit_value_survives_a_load_and_a_save(self) -> None:
        ramp = np.arange(256, dtype=np.uint8)
        image = torch.from_numpy(ramp.astype(np.float32) / np.float32(255))
        assert np.array_equal(to_uint8(image[None, None])[0, 0], ramp)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
    def test_takes_every_float_type(self, dtype: torch.dtype) -> None:
        image = torch.tensor([[[0, 0.5, 1]]], dtype=dtype)
        result = to_uint8(image)
        assert result.dtype == np.uint8
        assert result.tolist() == [[[0, 127, 255]]]

    def test_leaves_the_image_unchanged(self) -> None:
        image = torch.tensor([[[-1.0, 0.5, 2.0]]])
        to_uint8(image)
        assert image.tolist() == [[[-1.0, 0.5, 2.0]]]

    def test_takes_tensors_that_are_not_contiguous_or_require_grad(self) -> None:
        image = noise(3, 4, 5).permute(1, 2, 0).requires_grad_()
        expected = np.clip(255.0 * image.detach().numpy(), 0, 255).astype(np.uint8)
        assert np.array_equal(to_uint8(image), expected)

    def test_converting_in_parts_gives_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        image = noise(7, 5, 3) * 1.2 - 0.1
        whole = to_uint8(image)
        for chunk in (1, 29, 30, 31, 45):
            monkeypatch.setattr(pixels, "_CHUNK", chunk)
            assert np.array_equal(to_uint8(image), whole)
            turned = image.permute(2, 1, 0)
            assert np.array_equal(to_uint8(turned), whole.transpose(2, 1, 0))

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_gives_the_same_as_comfyui(self, dtype: type) -> None:
        # Every finite float16; of the other types each step and its neighbours.
        if dtype is np.float16:
            values = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
            values = values[np.isfinite(values)]
        else:
            steps = np.arange(-2, 258).astype(dtype) / dtype(255)
            values = np.concatenate([steps, np.nextafter(steps, -9), np.nextafter(steps, 9)])
        with np.errstate(over="ignore"):
            expected = np.clip(255.0 * values, 0, 255).astype(np.uint8)
        assert np.array_equal(to_uint8(torch.from_numpy(values)[None, :, None])[0, :, 0], expected)

    def test_no_pixels(self) -> None:
        assert to_uint8(torch.zeros(4, 0, 3)).shape == (4, 0, 3)
        assert to_uint8(torch.zeros(0, 4, 3)).shape == (0, 4, 3)


class TestToUint16:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_every_16_bit_value_survives_a_load_and_a_save(self, dtype: type) -> None:
        ramp = np.arange(1 << 16, dtype=np.uint16)
        image = torch.from_numpy(ramp.astype(dtype) / dtype(65535))
        assert np.array_equal(to_uint16(image[None, None])[0, 0], ramp)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
    def test_takes_every_float_type_and_clips(self, dtype: torch.dtype) -> None:
        image = torch.tensor([[[-1, 0, 0.5, 1, 1.5, float("inf"), float("nan")]]], dtype=dtype)
        result = to_uint16(image)
        assert result.dtype == np.uint16
        assert result.tolist() == [[[0, 0, 32768, 65535, 65535, 65535, 0]]]


class TestToFloat:
    def test_gives_the_same_as_load_image(self) -> None:
        ramp = np.arange(256, dtype=np.uint8)
        scaled = to_float(ramp)
        assert scaled.dtype == np.float32
        assert np.array_equal(scaled, ramp.astype(np.float32) / 255.0)

    def test_makes_a_turned_image_contiguous(self) -> None:
        values = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
        turned = values[::-1].swapaxes(0, 1)
        scaled = to_float(turned)
        assert scaled.flags.c_contiguous
        assert np.array_equal(scaled, turned.astype(np.float32) / 255.0)
