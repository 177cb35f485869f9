"""Named wrong answers, and correct variants, of the exercises of `generative_models`."""

import math
from collections import Counter

import torch
from torch.distributions import MultivariateNormal

from course_lib.grading.mistakes import mistake, variant

# ----------------------------------------------------------------------------------------------------- gaussian_mle


@mistake("gaussian_mle", "You divided by N - 1. That estimate is unbiased; the likeliest covariance divides by N.")
def unbiased_covariance(x):
    centred = x - x.mean(0)
    return x.mean(0), centred.T @ centred / max(len(x) - 1, 1)


@mistake("gaussian_mle", "That is the mean of x x^T: the mean has not been subtracted.")
def second_moment(x):
    return x.mean(0), x.T @ x / len(x)


@mistake(
    "gaussian_mle",
    "E[x x^T] - mu mu^T is right on paper, but where the mean is 1e8 it subtracts two numbers that agree in all their "
    "digits. Subtract the mean from the data first.",
)
def difference_of_moments(x):
    mean = x.mean(0)
    return mean, x.T @ x / len(x) - torch.outer(mean, mean)


@mistake("gaussian_mle", "Only the variances: what lies off the diagonal tells how two coordinates go together.")
def variances_only(x):
    return x.mean(0), torch.diag(x.var(0, correction=0))


@mistake("gaussian_mle", "You added the products up and did not divide by N.")
def scatter_matrix(x):
    centred = x - x.mean(0)
    return x.mean(0), centred.T @ centred


@mistake("gaussian_mle", "That matrix is [N, N]: the transpose stands on the wrong side. The covariance is [d, d].")
def gram_matrix(x):
    centred = x - x.mean(0)
    return x.mean(0), centred @ centred.T / len(x)


@mistake("gaussian_mle", "That is one mean for all coordinates. Each coordinate has its own: average over rows.")
def one_mean_for_all(x):
    mean = x.mean().expand(x.shape[1])
    centred = x - mean
    return mean, centred.T @ centred / len(x)


@mistake("gaussian_mle", "Those are correlations: the covariance must not be divided by the standard deviations.")
def correlation_matrix(x):
    centred = x - x.mean(0)
    covariance = centred.T @ centred / len(x)
    width = covariance.diagonal().sqrt().clamp(min=1e-12)
    return x.mean(0), covariance / torch.outer(width, width)


@variant("gaussian_mle")
def one_example_after_the_other(x):
    mean = torch.stack([column.sum() / len(column) for column in x.unbind(1)])
    return mean, sum(torch.outer(row - mean, row - mean) for row in x) / len(x)


@variant("gaussian_mle")
def by_singular_values(x):
    mean = x.mean(0)
    _, lengths, axes = torch.linalg.svd((x - mean) / len(x) ** 0.5, full_matrices=False)
    return mean, (axes.T * lengths**2) @ axes


# ------------------------------------------------------------------------------------------------ histogram_density


def _cells(points, bins):
    return (points * bins).floor().clamp(max=bins - 1)


def _counts(data, x, bins):
    return (_cells(x, bins)[:, None] == _cells(data, bins)).all(-1).sum(1).to(x.dtype)


@mistake("histogram_density", "That is the probability of the cell. A density is probability by volume: times B^d.")
def probability_of_the_cell(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    return (_counts(data, x, bins) + pseudocount) / (len(data) + pseudocount * cells)


@mistake("histogram_density", "A cell in d dimensions has the volume B^-d, not 1 / B.")
def width_for_volume(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    return (_counts(data, x, bins) + pseudocount) / (len(data) + pseudocount * cells) * bins


@mistake("histogram_density", "t = 1 got a cell of its own, beyond the last. It belongs to the last.")
def one_beyond_the_last(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    same = ((x * bins).floor()[:, None] == (data * bins).floor()).all(-1) & (x < 1).all(-1)[:, None]
    return (same.sum(1).to(x.dtype) + pseudocount) / (len(data) + pseudocount * cells) * cells


@mistake("histogram_density", "Rounding makes cells that begin half a width too early. Cell k begins at k / B: floor.")
def rounded_cells(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    same = ((x * bins).round()[:, None] == (data * bins).round()).all(-1)
    return (same.sum(1).to(x.dtype) + pseudocount) / (len(data) + pseudocount * cells) * cells


@mistake(
    "histogram_density",
    "That is the product of the coordinates' own histograms, as if they were independent. A point is in a cell along "
    "all axes at once.",
)
def product_of_single_histograms(data, x, bins, pseudocount=0.0):
    columns = [
        (_counts(data[:, [j]], x[:, [j]], bins) + pseudocount) / (len(data) + pseudocount * bins) * bins
        for j in range(x.shape[1])
    ]
    return torch.stack(columns, 1).prod(1)


@mistake("histogram_density", "You counted points that agree along one axis at least. They must agree along all.")
def any_axis(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    counts = (_cells(x, bins)[:, None] == _cells(data, bins)).any(-1).sum(1).to(x.dtype)
    return (counts + pseudocount) / (len(data) + pseudocount * cells) * cells


@mistake(
    "histogram_density", "With pseudocounts there are more counts in all: N + a B^d. The density must integrate to 1."
)
def pseudocount_above_only(data, x, bins, pseudocount=0.0):
    return (_counts(data, x, bins) + pseudocount) / len(data) * float(bins) ** x.shape[1]


@mistake("histogram_density", "Each of the B^d cells gets its pseudocount, not each of the B bins of an axis.")
def pseudocount_for_bins(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    return (_counts(data, x, bins) + pseudocount) / (len(data) + pseudocount * bins) * cells


@mistake("histogram_density", "Divide by the number of data, not by the number of points that you ask about.")
def divided_by_the_questions(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    return (_counts(data, x, bins) + pseudocount) / (len(x) + pseudocount * cells) * cells


@mistake(
    "histogram_density",
    "You numbered all cells and stored the numbers as floats. With 17^64 cells these run together: compare the d "
    "coordinates of a cell instead.",
)
def cells_run_together(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    place = float(bins) ** torch.arange(x.shape[1], dtype=torch.float64)
    number_of_x, number_of_data = ((_cells(one, bins).double() * place).sum(1) for one in (x, data))
    counts = (number_of_x[:, None] == number_of_data).sum(1).to(x.dtype)
    return (counts + pseudocount) / (len(data) + pseudocount * cells) * cells


@variant("histogram_density")
def counted_in_a_dictionary(data, x, bins, pseudocount=0.0):
    counts = Counter(map(tuple, _cells(data, bins).tolist()))
    volume = 1 / bins ** x.shape[1]
    total = len(data) + pseudocount / volume
    return torch.tensor(
        [(counts[cell] + pseudocount) / total / volume for cell in map(tuple, _cells(x, bins).tolist())], dtype=x.dtype
    )


@variant("histogram_density")
def between_the_edges(data, x, bins, pseudocount=0.0):
    cells = float(bins) ** x.shape[1]
    low = _cells(x, bins)
    high = torch.where(low == bins - 1, torch.inf, low + 1)
    inside = (data * bins >= low[:, None]) & (data * bins < high[:, None])
    share = (inside.all(-1).to(x.dtype).sum(1) + pseudocount) / (len(data) + pseudocount * cells)
    return share * cells


# -------------------------------------------------------------------------------------------------- sample_gaussian


def _cholesky(covariance):
    """The lower triangular root, of a singular matrix as well: the same on every machine."""
    root = torch.zeros_like(covariance)
    for j in range(len(covariance)):
        left = covariance[j, j] - root[j, :j] @ root[j, :j]
        if left > 1e-9:
            root[j, j] = left.sqrt()
            root[j + 1 :, j] = (covariance[j + 1 :, j] - root[j + 1 :, :j] @ root[j, :j]) / root[j, j]
    return root


@mistake(
    "sample_gaussian",
    "Samples then have the square of the covariance: take a root, of the matrix or of its eigenvalues.",
)
def covariance_for_root(mean, covariance, noise):
    return mean + noise @ covariance


@mistake(
    "sample_gaussian",
    "The root is transposed: with noise in rows x = mu + A z is mean + noise @ A.T. Yours has the covariance A^T A.",
)
def root_transposed(mean, covariance, noise):
    return mean + noise @ _cholesky(covariance)


@mistake("sample_gaussian", "The root of each entry is no root of the matrix: A A^T must be the covariance.")
def root_of_each_entry(mean, covariance, noise):
    return mean + noise @ covariance.abs().sqrt()


@mistake(
    "sample_gaussian", "Each coordinate has its width, but they are drawn independently: the correlations are lost."
)
def widths_only(mean, covariance, noise):
    return mean + noise * covariance.diagonal().sqrt()


@mistake(
    "sample_gaussian",
    "Your root exists for positive definite matrices alone. Variances of zero are legal here: pixels that are always "
    "black.",
)
def refuses_zero_variance(mean, covariance, noise):
    return mean + noise @ torch.linalg.cholesky(covariance).T


@mistake(
    "sample_gaussian",
    "You added something to the diagonal so that the root exists. Pixels that never vary then do, and A A^T is another "
    "covariance.",
)
def diagonal_raised(mean, covariance, noise):
    raised = covariance + 1e-3 * torch.eye(len(mean), dtype=covariance.dtype)
    return mean + noise @ torch.linalg.cholesky(raised).T


@mistake("sample_gaussian", "The mean is missing: noise is centred at zero, samples are not.")
def mean_forgotten(mean, covariance, noise):
    return noise @ _cholesky(covariance).T


@mistake("sample_gaussian", "The mean went through the root as well. Only the noise is stretched and turned.")
def mean_stretched(mean, covariance, noise):
    return (mean + noise) @ _cholesky(covariance).T


@variant("sample_gaussian")
def by_cholesky_of_what_varies(mean, covariance, noise):
    return mean + noise @ _cholesky(covariance).T


@variant("sample_gaussian")
def by_the_symmetric_root(mean, covariance, noise):
    left, widths, _ = torch.linalg.svd(covariance)
    return mean + noise @ ((left * widths.sqrt()) @ left.T)


# ---------------------------------------------------------------------------------------------------------- log_prob


def _squares(x, mean, covariance):
    offset = x - mean
    return (offset @ torch.linalg.inv(covariance) * offset).sum(-1)


def _log_det(covariance):
    return torch.linalg.slogdet(covariance).logabsdet


def _constant(mean):
    return len(mean) * math.log(2 * math.pi)


@mistake("log_prob", "The factor 1/2 of the squared distance is missing.")
def distance_without_half(x, mean, covariance):
    return -_squares(x, mean, covariance) - (_log_det(covariance) + _constant(mean)) / 2


@mistake("log_prob", "The factor 1/2 of the log determinant is missing: widths are roots of variances.")
def determinant_without_half(x, mean, covariance):
    return -(_squares(x, mean, covariance) + _constant(mean)) / 2 - _log_det(covariance)


@mistake("log_prob", "log 2 pi counts once for each of the d coordinates.")
def two_pi_once(x, mean, covariance):
    return -(_squares(x, mean, covariance) + _log_det(covariance) + math.log(2 * math.pi)) / 2


@mistake("log_prob", "The constant with 2 pi is missing: exp of your answer does not integrate to one.")
def without_two_pi(x, mean, covariance):
    return -(_squares(x, mean, covariance) + _log_det(covariance)) / 2


@mistake("log_prob", "The log determinant is missing: a wide Gaussian must be lower than a narrow one.")
def without_determinant(x, mean, covariance):
    return -(_squares(x, mean, covariance) + _constant(mean)) / 2


@mistake(
    "log_prob", "The distance is measured with the covariance. It takes the inverse: far is what is many widths off."
)
def covariance_for_inverse(x, mean, covariance):
    offset = x - mean
    return -((offset @ covariance * offset).sum(-1) + _log_det(covariance) + _constant(mean)) / 2


@mistake(
    "log_prob",
    "The determinant of 64 small variances rounds to 0, and its logarithm to -inf. Add logarithms instead.",
)
def log_of_the_determinant(x, mean, covariance):
    return -(_squares(x, mean, covariance) + torch.linalg.det(covariance).log() + _constant(mean)) / 2


@mistake("log_prob", "Only the variances were used. Off the diagonal stands how the coordinates go together.")
def correlations_ignored(x, mean, covariance):
    return torch.distributions.Normal(mean, covariance.diagonal().sqrt()).log_prob(x).sum(-1)


@mistake("log_prob", "That is the density, not its logarithm.")
def density_itself(x, mean, covariance):
    return torch.exp(-(_squares(x, mean, covariance) + _log_det(covariance) + _constant(mean)) / 2)


@mistake("log_prob", "The sign is wrong: that is the negative log-likelihood, a loss.")
def loss_for_log_density(x, mean, covariance):
    return (_squares(x, mean, covariance) + _log_det(covariance) + _constant(mean)) / 2


@variant("log_prob")
def log_prob_by_the_library(x, mean, covariance):
    return MultivariateNormal(mean, covariance).log_prob(x)


@variant("log_prob")
def log_prob_axis_by_axis(x, mean, covariance):
    variances, axes = torch.linalg.eigh(covariance)
    along = (x - mean) @ axes
    return -0.5 * (along**2 / variances + variances.log() + math.log(2 * math.pi)).sum(-1)


# -------------------------------------------------------------------------------------------------- bayes_classifier


@mistake("bayes_classifier", "The prior is forgotten: a rare class needs better evidence.")
def prior_forgotten(log_likelihood, prior):
    return torch.softmax(log_likelihood, -1)


@mistake("bayes_classifier", "You added the prior to a logarithm. Add its logarithm.")
def prior_for_log_prior(log_likelihood, prior):
    return torch.softmax(log_likelihood + prior, -1)


@mistake("bayes_classifier", "The sum runs over the wrong axis: for each example its classes sum to one.")
def normalised_over_examples(log_likelihood, prior):
    return torch.softmax(log_likelihood + prior.log(), 0)


@mistake("bayes_classifier", "That is the joint p(x, y): divide by its sum over the classes.")
def joint_for_posterior(log_likelihood, prior):
    return torch.exp(log_likelihood) * prior


@mistake(
    "bayes_classifier",
    "exp(1e4) is infinite and exp(-1e4) is zero; their quotients are NaN. Subtract in logarithms first.",
)
def exponential_first(log_likelihood, prior):
    joint = torch.exp(log_likelihood) * prior
    return joint / joint.sum(-1, keepdim=True)


@mistake("bayes_classifier", "Those are log posteriors: take the exponential.")
def log_posterior(log_likelihood, prior):
    return torch.log_softmax(log_likelihood + prior.log(), -1)


@mistake("bayes_classifier", "That names the likeliest class. The probabilities of all of them are asked for.")
def likeliest_class_only(log_likelihood, prior):
    best = (log_likelihood + prior.log()).argmax(-1)
    return torch.nn.functional.one_hot(best, log_likelihood.shape[-1]).to(log_likelihood.dtype) + 0 * log_likelihood


@mistake(
    "bayes_classifier",
    "A small constant inside the logarithm gives an impossible class a chance, and 9,000 nats of likelihood make it "
    "certain. log 0 = -inf is right here.",
)
def epsilon_in_the_prior(log_likelihood, prior):
    return torch.softmax(log_likelihood + (prior + 1e-8).log(), -1)


@mistake(
    "bayes_classifier",
    "You subtracted the largest log-likelihood, which may be that of a class with prior zero: then nothing is left. "
    "Add the log prior first.",
)
def shifted_before_the_prior(log_likelihood, prior):
    joint = torch.exp(log_likelihood - log_likelihood.amax(-1, keepdim=True)) * prior
    return joint / joint.sum(-1, keepdim=True)


@variant("bayes_classifier")
def posterior_by_softmax(log_likelihood, prior):
    return torch.softmax(log_likelihood + torch.log(prior), dim=-1)


@variant("bayes_classifier")
def posterior_relative_to_the_best(log_likelihood, prior):
    possible = torch.where(prior > 0, log_likelihood, -torch.inf)
    joint = torch.exp(possible - possible.amax(-1, keepdim=True).detach()) * prior
    return joint / joint.sum(-1, keepdim=True)
