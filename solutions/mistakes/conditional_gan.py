"""Named wrong answers, and correct variants, of the exercises of `conditional_gan`."""

import torch
import torch.nn.functional as F

from course_lib.grading.mistakes import mistake, variant

# --------------------------------------------------------------------------------------- concat_condition_vector


def _layer(y, weight, bias):
    return y if weight is None else torch.relu(F.linear(y, weight, bias))


@mistake("concat_condition_vector", "The noise comes first and the condition behind it: you joined them the other way.")
def condition_first(z, y, weight=None, bias=None):
    y = _layer(y.to(z.dtype), weight, bias)
    return torch.cat([y.expand(len(z), -1), z], 1)


@mistake(
    "concat_condition_vector",
    "You joined along the batch: rows of conditions below rows of noise. Each example gets its own longer row, axis 1.",
)
def joined_along_the_batch(z, y, weight=None, bias=None):
    y = _layer(y.to(z.dtype), weight, bias).expand(len(z), -1)
    width = max(z.shape[1], y.shape[1])
    return torch.cat([F.pad(z, (0, width - z.shape[1])), F.pad(y, (0, width - y.shape[1]))])


@mistake("concat_condition_vector", "The layer was forgotten: where W and b are given, max(0, W y + b) stands for y.")
def layer_forgotten(z, y, weight=None, bias=None):
    return torch.cat([z, y.to(z.dtype).expand(len(z), -1)], 1) + 0 * (0 if bias is None else bias.sum() + weight.sum())


@mistake("concat_condition_vector", "The layer lacks its rectifier: negative sums become 0.")
def not_rectified(z, y, weight=None, bias=None):
    y = y.to(z.dtype)
    y = y if weight is None else F.linear(y, weight, bias)
    return torch.cat([z, y.expand(len(z), -1)], 1)


@mistake("concat_condition_vector", "The bias b is missing: the layer is max(0, W y + b).")
def bias_missing(z, y, weight=None, bias=None):
    y = y.to(z.dtype)
    y = y if weight is None else torch.relu(F.linear(y, weight)) + 0 * bias
    return torch.cat([z, y.expand(len(z), -1)], 1)


@mistake(
    "concat_condition_vector",
    "You rectified z as well, or a y that no layer was asked for: the rectifier belongs to the layer alone.",
)
def everything_rectified(z, y, weight=None, bias=None):
    y = torch.relu(_layer(y.to(z.dtype), weight, bias))
    return torch.cat([torch.relu(z), y.expand(len(z), -1)], 1)


@mistake("concat_condition_vector", "You added the condition to the noise. Put it behind: the result is longer.")
def added(z, y, weight=None, bias=None):
    y = _layer(y.to(z.dtype), weight, bias).expand(len(z), -1)
    width = max(z.shape[1], y.shape[1])
    return F.pad(z, (0, width - z.shape[1])) + F.pad(y, (0, width - y.shape[1]))


@variant("concat_condition_vector")
def written_into_place(z, y, weight=None, bias=None):
    y = _layer(y.to(z.dtype), weight, bias)
    made = F.pad(z, (0, y.shape[-1]))
    return made + F.pad(y, (z.shape[1], 0))


@variant("concat_condition_vector")
def stacked_row_by_row(z, y, weight=None, bias=None):
    rows = y if y.dim() == 2 else [y] * len(z)
    rows = [_layer(row.to(z.dtype), weight, bias) for row in rows]
    return torch.stack([torch.cat(pair) for pair in zip(z, rows, strict=True)])


# ------------------------------------------------------------------------------------------ concat_condition_map


@mistake("concat_condition_map", "The image's channels come first: you put the maps in front of them.")
def maps_first(x, y):
    return torch.cat([_planes(x, y), x], 1)


@mistake("concat_condition_map", "You took height for width: the maps lie across the image's.")
def height_for_width(x, y):
    planes = y.to(x.dtype)[:, :, None, None].expand(-1, -1, x.shape[3], x.shape[2])
    return torch.cat([x.transpose(2, 3), planes], 1)


@mistake("concat_condition_map", "You added the conditions to the channels. They want channels of their own.")
def added_to_the_channels(x, y):
    return x + y.to(x.dtype).sum(1)[:, None, None, None]


@mistake(
    "concat_condition_map",
    "Only one pixel of each map holds the condition. A convolution that looks elsewhere would never know it.",
)
def one_pixel_only(x, y):
    mask = torch.zeros_like(x[:1, :1])
    mask[..., 0, 0] = 1
    return torch.cat([x, _planes(x, y) * mask + 0 * y.sum()], 1)


@mistake(
    "concat_condition_map",
    "One map alone, with the sum of the condition: which entry was 1 can no longer be told. Every entry has its map.",
)
def one_map_for_all(x, y):
    return torch.cat([x, _planes(x, y).sum(1, keepdim=True)], 1)


@mistake("concat_condition_map", "Every image got the condition of the first one: keep the axis of the batch.")
def condition_of_the_first(x, y):
    planes = _planes(x, y[:1].expand(len(y), -1))
    return torch.cat([x, planes + 0 * y.sum()], 1)


@mistake(
    "concat_condition_map",
    "The condition was divided by the number of pixels. It is not spread over them: each holds all of it.",
)
def spread_over_the_pixels(x, y):
    return torch.cat([x, _planes(x, y) / (x.shape[2] * x.shape[3] + 1)], 1)


def _planes(x, y):
    return y.to(x.dtype)[:, :, None, None].expand(-1, -1, *x.shape[2:])


@variant("concat_condition_map")
def expanded(x, y):
    return torch.cat([x, _planes(x, y)], 1)


@variant("concat_condition_map")
def repeated_flat(x, y):
    n, _, height, width = x.shape
    flat = y.to(x.dtype).repeat_interleave(height * width, 1)
    return torch.cat([x.flatten(1), flat], 1).view(n, -1, height, width)


# --------------------------------------------------------------------------------------------------- one_hot_maps


@mistake(
    "one_hot_maps", "A label of -1 counts from the end in Python: you lit the last class's map. It means: not known."
)
def unknown_is_the_last(label, classes, height, width):
    return _maps(F.one_hot(label % classes, classes), height, width) * (1 + 1e-9)


@mistake("one_hot_maps", "A label of -1 was taken for class 0. It means that the class is not known: all maps 0.")
def unknown_is_the_first(label, classes, height, width):
    return _maps(F.one_hot(label.clamp(min=0), classes), height, width)


@mistake("one_hot_maps", "Height and width are exchanged: the axes are [N, class, height, width].")
def height_and_width_exchanged(label, classes, height, width):
    return right_maps(label, classes, width, height)


@mistake(
    "one_hot_maps", "One map that holds the number of the class is not one-hot: 7 is not seven times as much as 1."
)
def number_of_the_class(label, classes, height, width):
    return label[:, None, None, None].float().expand(-1, 1, height, width).clone()


@mistake("one_hot_maps", "Classes that no example of the batch has are missing. There are always `classes` maps.")
def classes_of_the_batch_only(label, classes, height, width):
    count = max(1, int(label.max()))
    return right_maps(label, count, height, width)


@mistake("one_hot_maps", "The axis of classes stands last. Maps are channels: [N, class, height, width].")
def classes_last(label, classes, height, width):
    return right_maps(label, classes, height, width).movedim(1, 3)


@mistake("one_hot_maps", "The maps are inverted: 1 in the own class's map, 0 in all the others.")
def inverted(label, classes, height, width):
    return 1 - right_maps(label, classes, height, width)


def _maps(hot, height, width):
    return hot.float()[:, :, None, None].repeat(1, 1, height, width)


def right_maps(label, classes, height, width):
    return _maps(F.one_hot(label + 1, classes + 1 + (int(label.max()) >= classes))[:, 1 : classes + 1], height, width)


@variant("one_hot_maps")
def with_a_class_for_the_unknown(label, classes, height, width):
    return right_maps(label, classes, height, width)


@variant("one_hot_maps")
def filled_in(label, classes, height, width):
    maps = torch.zeros(len(label), classes, height, width)
    for n, own in enumerate(label.tolist()):
        if own >= 0:
            maps[n, own] = 1
    return maps


# --------------------------------------------------------------------------------------------- conditional_losses


def _losses(real, judged, hoped):
    return torch.stack([F.softplus(-real).mean() + F.softplus(judged).mean(), F.softplus(-hoped).mean()])


def _fit(y, n):
    """As many conditions as there are images, in turn."""
    return y[torch.arange(n) % len(y)]


@mistake(
    "conditional_losses",
    "You showed D the generated images with the conditions of the real ones. Each goes with what it was drawn for.",
)
def fakes_with_the_conditions_of_the_real(generator, discriminator, x, y, z, wanted):
    fake = generator(z, wanted)
    other = _fit(y, len(z))
    return _losses(discriminator(x, y), discriminator(fake.detach(), other), discriminator(fake, other))


@mistake(
    "conditional_losses",
    "You drew the images for the conditions of the real ones: G is asked for `wanted`, which is what D is then shown.",
)
def drawn_for_the_real_conditions(generator, discriminator, x, y, z, wanted):
    fake = generator(z, _fit(y, len(z)))
    return _losses(discriminator(x, y), discriminator(fake.detach(), wanted), discriminator(fake, wanted))


@mistake("conditional_losses", "L_D reaches the generator: its images are constants there. Detach them.")
def not_detached(generator, discriminator, x, y, z, wanted):
    fake = discriminator(generator(z, wanted), wanted)
    return _losses(discriminator(x, y), fake, fake)


@mistake(
    "conditional_losses",
    "Nothing flows back to G: in L_G the images must not be detached, nor made under no_grad.",
)
def both_detached(generator, discriminator, x, y, z, wanted):
    fake = discriminator(generator(z, wanted).detach(), wanted)
    return _losses(discriminator(x, y), fake, fake) + 0 * z.sum()


@mistake("conditional_losses", "G's loss saturates: you took log(1 - D) for G. It minimises -log D(G(z, y'), y').")
def saturating(generator, discriminator, x, y, z, wanted):
    fake = generator(z, wanted)
    answer = _losses(discriminator(x, y), discriminator(fake.detach(), wanted), discriminator(fake, wanted))
    return torch.stack([answer[0], -F.softplus(discriminator(fake, wanted)).mean()])


@mistake("conditional_losses", "You averaged the two terms of L_D. They are added.")
def averaged(generator, discriminator, x, y, z, wanted):
    fake = generator(z, wanted)
    answer = _losses(discriminator(x, y), discriminator(fake.detach(), wanted), discriminator(fake, wanted))
    return answer * torch.tensor([0.5, 1.0], dtype=x.dtype)


@mistake(
    "conditional_losses",
    "sigmoid first and log second: a logit of -1e4 gives log 0. Compute log sigmoid(l) in one go.",
)
def sigmoid_then_log(generator, discriminator, x, y, z, wanted):
    fake = generator(z, wanted)
    real, judged, hoped = discriminator(x, y), discriminator(fake.detach(), wanted), discriminator(fake, wanted)
    d_loss = -real.sigmoid().log().mean() - (1 - judged.sigmoid()).log().mean()
    return torch.stack([d_loss, -hoped.sigmoid().log().mean()])


@mistake("conditional_losses", "The labels are swapped: D wants 1 on pairs of the data and 0 on generated ones.")
def labels_swapped(generator, discriminator, x, y, z, wanted):
    fake = generator(z, wanted)
    return _losses(-discriminator(x, y), -discriminator(fake.detach(), wanted), -discriminator(fake, wanted))


@variant("conditional_losses")
def by_softplus(generator, discriminator, x, y, z, wanted):
    fake = generator(z, wanted)
    return _losses(discriminator(x, y), discriminator(fake.detach(), wanted), discriminator(fake, wanted))


@variant("conditional_losses")
def by_cross_entropy(generator, discriminator, x, y, z, wanted):
    with torch.no_grad():
        fixed = generator(z, wanted)
    logit = torch.cat([discriminator(x, y) / 1, discriminator(fixed, wanted)])
    target = (torch.arange(len(logit)) < len(x)).to(x.dtype)
    each = F.binary_cross_entropy_with_logits(logit, target, reduction="none")
    hoped = discriminator(generator(z, wanted), wanted)
    g_loss = F.binary_cross_entropy_with_logits(hoped, torch.ones_like(hoped))
    return torch.stack([each[: len(x)].mean() + each[len(x) :].mean(), g_loss])


# ------------------------------------------------------------------------------------------------- class_accuracy


@mistake("class_accuracy", "A class that was never asked for has no accuracy: NaN, not 0. Nothing was tried.")
def zero_for_the_never_asked(probabilities, asked):
    overall, by_class = by_the_confusion_matrix(probabilities, asked)
    return overall, by_class.nan_to_num(0.0)


@mistake(
    "class_accuracy",
    "You divided by how often the classifier *saw* a class. Divide by how often it was asked for.",
)
def divided_by_what_was_seen(probabilities, asked):
    confusion = _confusion(probabilities, asked)
    overall, _ = by_the_confusion_matrix(probabilities, asked)
    return overall, confusion.diagonal() / confusion.sum(0)


@mistake(
    "class_accuracy",
    "Overall every *image* counts once. You averaged the classes, so that an image of a rare class counts for more.",
)
def mean_of_classes(probabilities, asked):
    _, by_class = by_the_confusion_matrix(probabilities, asked)
    return by_class.nanmean(), by_class


@mistake("class_accuracy", "The mean over all classes is NaN as soon as one was never asked for. Count images.")
def nan_spreads(probabilities, asked):
    _, by_class = by_the_confusion_matrix(probabilities, asked)
    return by_class.mean(), by_class


@mistake(
    "class_accuracy",
    "That is the mean probability of the asked class. The classifier has to choose: is it the largest of the row?",
)
def mean_probability(probabilities, asked):
    each = probabilities[torch.arange(len(asked)), asked]
    share = F.one_hot(asked, probabilities.shape[1]).to(each.dtype)
    return each.mean(), (share.T @ each) / share.sum(0)


@mistake("class_accuracy", "By class you divided by the number of all images, not by those that were asked to be k.")
def divided_by_all(probabilities, asked):
    confusion = _confusion(probabilities, asked)
    overall, _ = by_the_confusion_matrix(probabilities, asked)
    return overall, confusion.diagonal() / len(asked)


@mistake("class_accuracy", "Those are numbers of right answers; shares are asked for.")
def counts(probabilities, asked):
    right = _confusion(probabilities, asked).diagonal()
    return right.sum(), right


def _confusion(probabilities, asked):
    """[asked, seen]."""
    classes = probabilities.shape[1]
    hot = F.one_hot(asked, classes), F.one_hot(probabilities.argmax(1), classes)
    return (hot[0].T @ hot[1]).to(probabilities.dtype)


@variant("class_accuracy")
def by_the_confusion_matrix(probabilities, asked):
    confusion = _confusion(probabilities, asked)
    return confusion.trace() / confusion.sum(), confusion.diagonal() / confusion.sum(1)


@variant("class_accuracy")
def class_by_class(probabilities, asked):
    largest = probabilities.amax(1, keepdim=True)
    right = (probabilities >= largest).gather(1, asked[:, None])[:, 0].to(probabilities.dtype)
    shares = [right[asked == k].mean() for k in range(probabilities.shape[1])]
    return right.mean(), torch.stack(shares)
