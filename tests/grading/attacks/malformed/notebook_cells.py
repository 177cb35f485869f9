# attack: cells of a notebook, with magics, shell commands and a fence of Markdown
# status: crashed
# points: 0
%matplotlib inline
!pip install torch
```python
import torch
def kl_divergence(p, q):
    return (p * (p / q).log()).sum(-1)
```
