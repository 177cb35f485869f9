"""Named wrong answers, and correct variants, of the exercises of `deconvnet`."""

import torch
import torch.nn.functional as F

from course_lib.grading.mistakes import mistake, variant


def _places(side, size, stride):
    return range(0, side - size + 1, stride)


def _unpool(signal, switches, height, width):
    flat = torch.zeros(*signal.shape[:2], height * width, dtype=signal.dtype)
    return flat.scatter_add(2, switches.flatten(2), signal.flatten(2)).unflatten(2, (height, width))


def _rectifier(value, back):
    """A rectifier with this value and this way back, as functions of x and of (x, signal)."""

    class Rule(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return value(x)

        @staticmethod
        def backward(ctx, signal):
            (x,) = ctx.saved_tensors
            return back(x, signal)

    return Rule.apply


def _occluded(network, image, squares, label, shape, fill):
    """The probabilities of `label` for copies of the image, each with one square (rows, columns) hidden."""
    copies = []
    for rows, columns in squares:
        copy = image.clone()
        copy[:, rows, columns] = fill
        copies.append(copy)
    return network(torch.stack(copies)).softmax(1)[:, label].view(shape)


def _squares(image, size, stride):
    _, height, width = image.shape
    rows, columns = _places(height, size, stride), _places(width, size, stride)
    return [(slice(i, i + size), slice(j, j + size)) for i in rows for j in columns], (len(rows), len(columns))


# ---------------------------------------------------------------------------------------- max_pool_with_switches


@mistake(
    "max_pool_with_switches",
    "Your switches are places within the window, 0 to size * size - 1. A place in the whole map is asked for.",
)
def places_in_the_window(x, size, stride):
    windows = x.unfold(2, size, stride).unfold(3, size, stride).flatten(4)
    return windows.max(4)[0], windows.argmax(4)


@mistake("max_pool_with_switches", "A row of the map has W places: you counted row * H + column.")
def rows_of_the_wrong_length(x, size, stride):
    pooled, switches = F.max_pool2d(x, size, stride, return_indices=True)
    return pooled, switches // x.shape[3] * x.shape[2] + switches % x.shape[3]


@mistake("max_pool_with_switches", "Row and column are exchanged in your switches: row * W + column.")
def columns_first(x, size, stride):
    pooled, switches = F.max_pool2d(x, size, stride, return_indices=True)
    return pooled, switches % x.shape[3] * x.shape[2] + switches // x.shape[3]


@mistake(
    "max_pool_with_switches", "Your windows lie side by side whatever the stride: window (i, j) begins at i * stride."
)
def stride_is_the_size(x, size, stride):
    return F.max_pool2d(x, size, size, return_indices=True)


@mistake(
    "max_pool_with_switches",
    "Of equal maxima you took the last. Behind a rectifier whole windows are zero, and the first is to count.",
)
def last_of_equals(x, size, stride):
    pooled, switches = F.max_pool2d(x.flip(2, 3), size, 1, return_indices=True)  # every window, from the other end
    pooled, switches = (one.flip(2, 3)[:, :, ::stride, ::stride] for one in (pooled, switches))
    return pooled.contiguous(), x.shape[2] * x.shape[3] - 1 - switches


@mistake("max_pool_with_switches", "That is average pooling. The largest value of each window is asked for.")
def average_pooling(x, size, stride):
    return F.avg_pool2d(x, size, stride), F.max_pool2d(x, size, stride, return_indices=True)[1]


@mistake(
    "max_pool_with_switches",
    "Windows that stick out count in your answer. Only those that lie in the map as a whole do.",
)
def windows_that_stick_out(x, size, stride):
    return F.max_pool2d(x, size, stride, ceil_mode=True, return_indices=True)


@mistake(
    "max_pool_with_switches",
    "Your switches are right, but pooled is zero where all of a window is negative: nothing is padded or rectified.",
)
def rectified_as_well(x, size, stride):
    pooled, switches = F.max_pool2d(x, size, stride, return_indices=True)
    return pooled.clamp(min=0), switches


@mistake(
    "max_pool_with_switches", "Your maxima are those of the absolute values. A strongly negative value is no maximum."
)
def largest_in_size(x, size, stride):
    _, switches = F.max_pool2d(x.abs(), size, stride, return_indices=True)
    return x.flatten(2).gather(2, switches.flatten(2)).view(switches.shape), switches


@variant("max_pool_with_switches")
def library_pooling(x, size, stride):
    return F.max_pool2d(x, size, stride, return_indices=True)


@variant("max_pool_with_switches")
def window_by_window(x, size, stride):
    n, c, height, width = x.shape
    rows, columns = _places(height, size, stride), _places(width, size, stride)
    pooled, switches = x.new_zeros(n, c, len(rows), len(columns)), torch.zeros(n, c, len(rows), len(columns)).long()
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            best = torch.full((n, c), -torch.inf, dtype=x.dtype)
            for row in range(top, top + size):
                for column in range(left, left + size):
                    better = x[:, :, row, column] > best
                    best = torch.where(better, x[:, :, row, column], best)
                    switches[:, :, i, j] = torch.where(better, row * width + column, switches[:, :, i, j])
            pooled[:, :, i, j] = best
    return pooled, switches


@variant("max_pool_with_switches")
def as_columns(x, size, stride):
    n, c, height, width = x.shape
    shape = n, c, len(_places(height, size, stride)), len(_places(width, size, stride))
    columns = F.unfold(x.flatten(0, 1)[:, None], size, stride=stride)  # [N * C, size * size, windows]
    where = torch.arange(height * width, dtype=torch.float64).view(1, 1, height, width)
    where = F.unfold(where, size, stride=stride).long()[0]
    place = columns.argmax(1)
    return columns.max(1).values.view(shape), where.gather(0, place).view(shape)


# ---------------------------------------------------------------------------------------------------- max_unpool


@mistake("max_unpool", "Where switches meet, your later number replaces the earlier ones. They are to be added up.")
def later_replaces_earlier(signal, switches, height, width):
    flat = torch.zeros(*signal.shape[:2], height * width, dtype=signal.dtype)
    return flat.scatter(2, switches.flatten(2), signal.flatten(2)).unflatten(2, (height, width))


@mistake("max_unpool", "You spread every number over its neighbourhood. It belongs into one place, that of its switch.")
def nearest_neighbour(signal, switches, height, width):
    return F.interpolate(signal, (height, width))


@mistake("max_unpool", "Rows and columns are exchanged: a switch is row * width + column.")
def transposed_map(signal, switches, height, width):
    return _unpool(signal, switches, width, height).transpose(2, 3).contiguous()


@mistake("max_unpool", "All channels got the switches of the first. Every map has its own.")
def switches_of_the_first_channel(signal, switches, height, width):
    return _unpool(signal, switches[:, :1].expand_as(switches), height, width)


@mistake("max_unpool", "All images got the switches of the first. Every image has its own.")
def switches_of_the_first_image(signal, switches, height, width):
    return _unpool(signal, switches[:1].expand_as(switches), height, width)


@mistake(
    "max_unpool",
    "Negative numbers are lost. Unpooling puts numbers back and does not rectify: that is a step of its own.",
)
def rectified_signal(signal, switches, height, width):
    return _unpool(signal.clamp(min=0), switches, height, width)


@mistake("max_unpool", "The dtype is not the signal's.")
def always_double(signal, switches, height, width):
    other = torch.float32 if signal.dtype == torch.float64 else torch.float64
    return _unpool(signal, switches, height, width).to(other)


@mistake(
    "max_unpool", "The value is right, but no gradient reaches the signal: build the map from it without detaching."
)
def signal_detached(signal, switches, height, width):
    return _unpool(signal.detach(), switches, height, width) + 0 * signal.sum()


@variant("max_unpool")
def number_by_number(signal, switches, height, width):
    one_hot = F.one_hot(switches.flatten(2), height * width).to(signal.dtype)  # [N, C, hw, places]
    return (signal.flatten(2)[:, :, None] @ one_hot)[:, :, 0].unflatten(2, (height, width))


@variant("max_unpool")
def by_index_put(signal, switches, height, width):
    n, c = signal.shape[:2]
    flat = torch.zeros(n * c * height * width, dtype=signal.dtype)
    first = torch.arange(n * c).view(n, c, 1, 1) * height * width
    return flat.index_put(((first + switches).flatten(),), signal.flatten(), accumulate=True).view(n, c, height, width)


# ------------------------------------------------------------------------------------------------ deconvnet_relu


@mistake(
    "deconvnet_relu",
    "That is an ordinary rectifier: its way back masks where x was negative, and lets negative signals pass.",
)
def deconvnet_plain(x):
    return x.clamp(min=0)


@mistake(
    "deconvnet_relu", "That is guided backpropagation: you mask by x as well. The deconvnet looks at the signal only."
)
def deconvnet_guided(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: s.clamp(min=0) * (x > 0))(x)


@mistake("deconvnet_relu", "Everything passes on your way back, negative signals too: rectify the signal.")
def deconvnet_straight_through(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: s)(x)


@mistake("deconvnet_relu", "The way back is right, but the value is x itself: rectify on the way up as well.")
def deconvnet_without_value(x):
    return _rectifier(lambda x: x.clone(), lambda x, s: s.clamp(min=0))(x)


@mistake("deconvnet_relu", "You took the signal's size. A negative signal becomes 0, not positive.")
def deconvnet_size_of_the_signal(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: s.abs())(x)


@mistake("deconvnet_relu", "You sent 1 where the signal is positive. The signal itself is to pass there.")
def deconvnet_mask_of_the_signal(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: (s > 0).to(s))(x)


@mistake(
    "deconvnet_relu",
    "x - x is no number where x is infinite: the trick of adding a detached difference fails there.",
)
def deconvnet_by_a_detached_difference(x):
    y = x + (x.clamp(min=0) - x).detach()
    if y.requires_grad:
        y.register_hook(lambda signal: signal.clamp(min=0))
    return y


@variant("deconvnet_relu")
def deconvnet_by_a_hook(x):
    y = _rectifier(lambda x: x.clamp(min=0), lambda x, s: s)(x)
    if y.requires_grad:
        y.register_hook(lambda signal: torch.where(signal > 0, signal, torch.zeros_like(signal)))
    return y


@variant("deconvnet_relu")
def deconvnet_by_another_formula(x):
    return _rectifier(lambda x: torch.where(x > 0, x, torch.zeros_like(x)), lambda x, s: (s + s.abs()) / 2)(x)


# --------------------------------------------------------------------------------------------------- guided_relu


@mistake("guided_relu", "That is an ordinary rectifier: negative signals pass on its way back.")
def guided_plain(x):
    return x.clamp(min=0)


@mistake("guided_relu", "That is the deconvnet's rectifier: nothing may pass where x was negative on the way up.")
def guided_deconvnet(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: s.clamp(min=0))(x)


@mistake("guided_relu", "Something passes where x is exactly 0. The contract asks for x > 0.")
def guided_open_at_zero(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: s.clamp(min=0) * (x >= 0))(x)


@mistake("guided_relu", "It passes where either is positive. Both must be: what went up, and what comes down.")
def guided_either(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: s * ((x > 0) | (s > 0)))(x)


@mistake("guided_relu", "You multiply the signal by x. x decides whether it passes, and does not weigh it.")
def guided_times_x(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: s.clamp(min=0) * x.clamp(min=0))(x)


@mistake("guided_relu", "You sent 1 where both are positive. The signal itself is to pass there.")
def guided_mask_only(x):
    return _rectifier(lambda x: x.clamp(min=0), lambda x, s: ((x > 0) & (s > 0)).to(s))(x)


@mistake("guided_relu", "The way back is right, but the value is x itself: rectify on the way up as well.")
def guided_without_value(x):
    return _rectifier(lambda x: x.clone(), lambda x, s: s.clamp(min=0) * (x > 0))(x)


@variant("guided_relu")
def guided_by_a_hook(x):
    y = torch.where(x > 0, x, torch.zeros_like(x))  # autograd masks by x > 0 here
    if y.requires_grad:
        y.register_hook(lambda signal: signal.clamp(min=0))
    return y


@variant("guided_relu")
def guided_by_where(x):
    return _rectifier(F.relu, lambda x, s: torch.where((x > 0) & (s > 0), s, torch.zeros_like(s)))(x)


# ------------------------------------------------------------------------------------------------- occlusion_map


@mistake("occlusion_map", "The squares pile up: each place needs a fresh copy of the image, with one square.")
def squares_pile_up(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    copy, copies = image.clone(), []
    for rows, columns in squares:
        copy[:, rows, columns] = fill
        copies.append(copy.clone())
    return network(torch.stack(copies)).softmax(1)[:, label].view(shape)


@mistake("occlusion_map", "That is the logit. The probability of the class is asked for, a softmax over all classes.")
def logit_for_probability(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    copies = image.repeat(len(squares), 1, 1, 1)
    for copy, (rows, columns) in zip(copies, squares, strict=True):
        copy[:, rows, columns] = fill
    return network(copies)[:, label].view(shape)


@mistake("occlusion_map", "That is what the square costs. The probability itself is asked for.")
def drop_for_probability(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    return network(image[None]).softmax(1)[0, label] - _occluded(network, image, squares, label, shape, fill)


@mistake("occlusion_map", "Your squares are black (0) whatever `fill` says.")
def fill_forgotten(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    return _occluded(network, image, squares, label, shape, 0.0)


@mistake("occlusion_map", "The last row and column of places are missing: range(0, H - size + 1, stride).")
def last_place_missing(network, image, label, size, stride, fill):
    _, height, width = image.shape
    rows, columns = range(0, max(height - size, 1), stride), range(0, max(width - size, 1), stride)
    squares = [(slice(i, i + size), slice(j, j + size)) for i in rows for j in columns]
    return _occluded(network, image, squares, label, (len(rows), len(columns)), fill)


@mistake("occlusion_map", "Rows and columns of your answer are exchanged: answer[i, j] has the square i rows down.")
def answer_transposed(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    return _occluded(network, image, squares, label, shape, fill).T.contiguous()


@mistake("occlusion_map", "Only the first channel is hidden: the square covers all of them.")
def first_channel_only(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    copies = image.repeat(len(squares), 1, 1, 1)
    for copy, (rows, columns) in zip(copies, squares, strict=True):
        copy[0, rows, columns] = fill
    return network(copies).softmax(1)[:, label].view(shape)


@mistake("occlusion_map", "That is the probability of whichever class wins. The one of class `label` is asked for.")
def winner_for_label(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    copies = image.repeat(len(squares), 1, 1, 1)
    for copy, (rows, columns) in zip(copies, squares, strict=True):
        copy[:, rows, columns] = fill
    return network(copies).softmax(1).amax(1).view(shape)


@mistake(
    "occlusion_map",
    "Exponentials of logits in the thousands overflow or vanish: use softmax, or subtract the largest logit first.",
)
def softmax_by_bare_exponentials(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    copies = image.repeat(len(squares), 1, 1, 1)
    for copy, (rows, columns) in zip(copies, squares, strict=True):
        copy[:, rows, columns] = fill
    weights = network(copies).exp()
    return (weights[:, label] / weights.sum(1)).view(shape)


@mistake("occlusion_map", "The softmax runs over the places. It runs over the classes, for each image by itself.")
def softmax_over_places(network, image, label, size, stride, fill):
    squares, shape = _squares(image, size, stride)
    copies = image.repeat(len(squares), 1, 1, 1)
    for copy, (rows, columns) in zip(copies, squares, strict=True):
        copy[:, rows, columns] = fill
    return network(copies).softmax(0)[:, label].view(shape)


@variant("occlusion_map")
def one_place_at_a_time(network, image, label, size, stride, fill):
    answer = []
    for top in range(0, image.shape[1] - size + 1, stride):
        row = []
        for left in range(0, image.shape[2] - size + 1, stride):
            border = (left, image.shape[2] - left - size, top, image.shape[1] - top - size)
            kept = F.pad(torch.zeros(size, size, dtype=image.dtype), border, value=1)
            logits = network((image * kept + fill * (1 - kept))[None])[0]
            row.append(torch.exp(logits[label] - torch.logsumexp(logits, 0)))
        answer.append(torch.stack(row))
    return torch.stack(answer)


@variant("occlusion_map")
def by_masks(network, image, label, size, stride, fill):
    _, height, width = image.shape
    down = torch.arange(height) - torch.tensor(list(_places(height, size, stride)))[:, None]
    right = torch.arange(width) - torch.tensor(list(_places(width, size, stride)))[:, None]
    rows, columns = (((one >= 0) & (one < size)) for one in (down, right))
    square = rows[:, None, :, None] & columns[None, :, None, :]  # [rows, columns, H, W]
    images = torch.where(square[:, :, None], torch.as_tensor(fill, dtype=image.dtype), image)
    return F.log_softmax(network(images.flatten(0, 1)), 1)[:, label].exp().view(square.shape[:2])
