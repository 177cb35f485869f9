# attack: return, await and yield outside of any function
# status: crashed
# points: 0
import torch

await torch.zeros(1)
return (torch.ones(1) * 2).sum()
yield 1
