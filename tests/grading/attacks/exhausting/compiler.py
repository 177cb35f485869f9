# attack: source and expressions nested so deeply, compiled in a call, that the compiler overflows its stack
# status: crashed|over limit|timed out
# points: 0
import ast
import sys

if "course_lib" in sys.modules:
    raise SystemExit("only for a sandbox")
sys.setrecursionlimit(2**31 - 1)


def guess(*args):
    return eval("-" * 1_000_000 + "1")


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    return eval("(" * 5000 + ")" * 5000)


def monte_carlo_kl(log_p, log_q, x):
    tree = ast.parse("x = 1").body[0].value
    for _ in range(1_000_000):
        tree = ast.UnaryOp(ast.USub(), tree, lineno=1, col_offset=0)
    return eval(compile(ast.Expression(tree), "deep", "eval")), 0


kl_divergence = cross_entropy = js_divergence = guess
