"""What trained models are judged by, beside their own losses.

referees   networks trained in the course whose features and verdicts generated images are measured with
quality    how near generated images are to real ones, in a referee's features and in pixels
"""

from course_lib.evaluation.quality import Quality as Quality
from course_lib.evaluation.quality import hook as hook
from course_lib.evaluation.quality import quality as quality
from course_lib.evaluation.quality import samples as samples
from course_lib.evaluation.referees import Referee as Referee
from course_lib.evaluation.referees import referee as referee
