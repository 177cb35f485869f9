"""What your answers in transposed_convolution.py must do. Run: course check transposed_convolution (or pytest)."""

import torch
import torch.nn.functional as F

from course_lib.grading import expect, points, teaches

EXCLUDED = {
    "torch.nn.functional.conv_transpose2d": "paint the output yourself, or use another form of the operator",
    "torch.conv_transpose2d": "paint the output yourself, or use another form of the operator",
    "torch.nn.ConvTranspose2d": "paint the output yourself, or use another form of the operator",
    "torch.nn.grad": "paint the output yourself, or use another form of the operator",
    "torch.nn.functional.interpolate": "write the tent down, as the formula says",
}

HINTS = {
    "conv_output_size": [
        "Slide the kernel by hand: 5 pixels, kernel 3, stride 2. Where may its first weight stand?",
        "A kernel of k weights, d apart, covers d (k - 1) + 1 pixels. How many steps of the stride are left?",
        "The first place costs no step: add 1 at the end. And if there is no room at all, there is no first place.",
    ],
    "transposed_conv_output_size": [
        "The first input pixel paints a kernel's width. How far is it from there to the last pixel's painting?",
        "size pixels have size - 1 gaps between them, and each gap is a stride long.",
        "Padding is cropped here, on both sides; output_padding is added, at one end.",
    ],
    "conv_matrix": [
        "One row of C for each place of the kernel. What must stand in it, so that its product with the image is right?",
        "Place (r, c) lays weight (a, b) on pixel (r s + a d - p, c s + b d - p), if there is such a pixel.",
        "A tensor of four axes [rows, columns, height, width] is easy to fill; flatten it to two at the end.",
    ],
    "transposed_conv2d": [
        "Turn the loop round: not where an output pixel gets its value from, but where an input pixel's value goes to.",
        "Weight (a, b) of all pixels at once lands on every s-th row from a d on, and every s-th column from b d on.",
        "Make a canvas for the whole painting, output_padding at the end included; add; crop p on each side at the end.",
    ],
    "bilinear_kernel": [
        "How much does a pixel count for its neighbours half-way, and how much at the next pixel?",
        "A tent: 1 in the middle, falling by 1 / factor for each output pixel. The middle of k numbers is (k - 1) / 2.",
        "Two axes: the product of the tent down and the tent across.",
    ],
}


def places(size, kernel, stride, padding, dilation):
    """Where the first weight may stand, counted one by one on the padded line."""
    reach = dilation * (kernel - 1)
    return [first for first in range(size + 2 * padding) if first % stride == 0 and first + reach < size + 2 * padding]


@points(1, "conv_output_size")
@teaches("eq-conv-size")
def test_places_are_counted_one_by_one(student):
    for setting in ((5, 3, 1, 0, 1), (5, 3, 2, 1, 1), (6, 3, 2, 1, 1), (7, 1, 3, 0, 1), (9, 2, 1, 2, 3), (10, 4, 3, 1, 2),
                    (64, 4, 2, 1, 1), (28, 5, 2, 2, 1), (8, 3, 8, 0, 2), (1, 1, 1, 0, 5)):  # fmt: skip
        expect(student.conv_output_size(*setting), len(places(*setting)))
    expect(student.conv_output_size(7, 3), 5, why="Stride and dilation are 1, the padding 0, if nothing else is said.")


@points(1, "conv_output_size")
@teaches("eq-conv-size")
def test_a_kernel_that_does_not_fit_has_no_place(student):
    for setting in ((3, 3, 2, 0, 1), (2, 3, 1, 0, 1), (2, 3, 4, 0, 1), (1, 9, 2, 1, 1), (4, 3, 2, 0, 2), (4, 3, 3, 1, 2)):
        expect(student.conv_output_size(*setting), len(places(*setting)), why="Shorter than the kernel: no place.")


@points(1, "transposed_conv_output_size")
@teaches("eq-transposed-size")
def test_transposed_sizes_are_those_that_torch_makes(student):
    for size, kernel, stride, padding, extra, dilation in (
        (4, 4, 2, 1, 0, 1), (4, 5, 2, 2, 1, 1), (1, 4, 1, 0, 0, 1), (5, 3, 1, 1, 0, 1), (3, 2, 3, 0, 2, 1), (3, 3, 2, 2, 1, 3),
        (7, 1, 4, 0, 3, 1), (2, 3, 1, 0, 1, 2),
    ):  # fmt: skip
        line, weight = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
        made = F.conv_transpose1d(line, weight, None, stride, padding, extra, 1, dilation)
        expect(student.transposed_conv_output_size(size, kernel, stride, padding, extra, dilation), made.shape[2])
    expect(student.transposed_conv_output_size(4, 3), 6, why="Stride and dilation are 1, the rest 0, if nothing is said.")


@points(1, "transposed_conv_output_size")
@teaches("eq-transposed-size", "eq-output-padding")
def test_each_output_padding_names_one_size_that_convolution_makes_equal(student):
    for size, kernel, stride, padding, dilation in ((3, 3, 2, 1, 1), (4, 4, 3, 0, 1), (2, 3, 4, 2, 2)):
        before = [many for many in range(1, 40) if len(places(many, kernel, stride, padding, dilation)) == size]
        made = [student.transposed_conv_output_size(size, kernel, stride, padding, extra, dilation)
                for extra in range(stride)]  # fmt: skip
        expect(made, before, why="All sizes that the convolution takes to this one, smallest first.")
    expect(student.transposed_conv_output_size(1, 3, 1, 2), 0, why="Cropping 2 pixels on both sides of 3 leaves none.")


SETTINGS = ((3, 4, 2, 3, 1, 0, 1), (5, 4, 3, 2, 2, 1, 1), (4, 6, 3, 3, 1, 1, 2), (2, 5, 1, 2, 3, 0, 1), (3, 2, 3, 3, 1, 2, 1))


@points(1, "conv_matrix")
@teaches("eq-conv-matrix")
def test_the_matrix_times_an_image_is_the_feature_map(student, rng):
    for height, width, kernel_height, kernel_width, stride, padding, dilation in SETTINGS:
        kernel, image = rng.normal(kernel_height, kernel_width), rng.normal(height, width)
        expected = F.conv2d(image[None, None], kernel[None, None], None, stride, padding, dilation).flatten()
        matrix = student.conv_matrix(kernel, height, width, stride, padding, dilation)
        expect(tuple(matrix.shape), (len(expected), height * width), why="A row for each place, a column for each pixel.")
        expect(matrix @ image.flatten(), expected, what="its product with an image")
    kernel = rng.normal(2, 2).float()
    expect(student.conv_matrix(kernel, 2, 2), kernel.flatten()[None], why="One place: one row, in float32.")


@points(1, "conv_matrix")
@teaches("eq-conv-matrix")
def test_every_weight_is_in_its_place_and_learns(student, rng):
    for height, width, kernel_height, kernel_width, stride, padding, dilation in SETTINGS:
        kernel = rng.normal(kernel_height, kernel_width).requires_grad_()
        pixels = torch.eye(height * width, dtype=torch.float64).view(-1, 1, height, width)
        expected = F.conv2d(pixels, kernel[None, None], None, stride, padding, dilation).flatten(1).T
        weight = rng.normal(*expected.shape)
        (wanted,) = torch.autograd.grad((weight * expected).sum(), kernel)
        value, (gradient,) = student.value_and_grad(
            "conv_matrix", kernel.detach(), height, width, stride, padding, dilation, cotangent=weight
        )
        expect(value, expected.detach())
        expect(gradient, wanted, what="its gradient in kernel", why="Each weight stands in C once for every place.")


PAINTINGS = (
    (2, 1, 1, 3, 4, 3, 2, 1, 0, 0, 1), (1, 2, 3, 3, 2, 4, 4, 2, 1, 0, 1), (2, 3, 2, 4, 3, 3, 5, 2, 2, 1, 1),
    (1, 2, 1, 2, 3, 2, 3, 3, 0, 2, 1), (1, 1, 2, 3, 3, 3, 2, 1, 1, 1, 2), (1, 2, 2, 1, 2, 2, 2, 4, 1, 3, 1),
)  # fmt: skip


@points(1, "transposed_conv2d")
@teaches("eq-paint")
def test_painting_is_what_torch_calls_transposed_convolution(student, rng):
    for n, inputs, outputs, height, width, kh, kw, stride, padding, extra, dilation in PAINTINGS:
        x, weight = rng.normal(n, inputs, height, width), rng.normal(inputs, outputs, kh, kw)
        expected = F.conv_transpose2d(x, weight, None, stride, padding, extra, 1, dilation)
        expect(student.transposed_conv2d(x, weight, stride, padding, extra, dilation), expected)
    one = torch.ones(1, 1, 2, 2)
    expect(student.transposed_conv2d(one, one), torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None],
           why="Where paintings overlap they add up, in float32.")  # fmt: skip


@points(1, "transposed_conv2d")
@teaches("eq-paint", "eq-adjoint")
def test_gradients_run_back_along_the_convolution(student, rng):
    for n, inputs, outputs, height, width, kh, kw, stride, padding, extra, dilation in PAINTINGS[1:4]:
        x, weight = rng.normal(n, inputs, height, width), rng.normal(inputs, outputs, kh, kw).requires_grad_()
        made = F.conv_transpose2d(x, weight, None, stride, padding, extra, 1, dilation)
        upstream = rng.normal(*made.shape)
        (wanted,) = torch.autograd.grad((upstream * made).sum(), weight)
        value, (in_x, in_weight) = student.value_and_grad(
            "transposed_conv2d", x, weight.detach(), stride, padding, extra, dilation, cotangent=upstream
        )
        expect(value, made.detach())
        back = F.conv2d(upstream, weight.detach(), None, stride, padding, dilation)
        expect(in_x, back, what="its gradient in x", why="The gradient of a transposed convolution is the convolution.")
        expect(in_weight, wanted, what="its gradient in weight")


@points(1, "bilinear_kernel")
@teaches("eq-bilinear-kernel")
def test_one_bright_pixel_becomes_the_kernel(student):
    dark = torch.zeros(1, 1, 5, 5, dtype=torch.float64)
    dark[0, 0, 2, 2] = 1
    for factor in (1, 2, 3, 4, 6):
        lit = F.interpolate(dark, scale_factor=factor, mode="bilinear")[0, 0]
        rows = lit.sum(1).nonzero().flatten()
        expected = lit[rows[0] : rows[-1] + 1, rows[0] : rows[-1] + 1]
        expect(student.bilinear_kernel(factor), expected, why="In float64; its corners are not 0.")


@points(1, "bilinear_kernel")
@teaches("eq-bilinear-kernel", "eq-phase-sums")
def test_transposed_convolution_with_it_interpolates(student, rng):
    for factor in (2, 3, 5):
        image = rng.normal(2, 1, 5, 6)
        kernel = student.bilinear_kernel(factor)
        made = F.conv_transpose2d(image, kernel[None, None], None, factor, (len(kernel) - factor) // 2)
        expected = F.interpolate(image, scale_factor=factor, mode="bilinear")
        inner = slice(factor, -factor)
        expect(made[..., inner, inner], expected[..., inner, inner], what="what it makes of an image, edges aside")
