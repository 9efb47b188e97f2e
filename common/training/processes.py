"""Where to compute: the device, and the processes that torchrun started (one without it).

    torchrun --nproc-per-node 2 hw0/train.py ...

Every process computes its share of each batch; process 0 alone validates and writes, while the others wait.
All of them need the run folder at the same path (one machine, or a shared file system), because each reads
the checkpoint.
"""

from __future__ import annotations

import atexit
import datetime
import json
import os
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from common.cli import UserError
from common.run_folder import is_main_process

LONGEST_WAIT = datetime.timedelta(days=1)  # for process 0, as it validates; torchrun ends us if it dies


def rank() -> int:
    """The number of this process, from 0."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """The number of processes, over all machines."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def pick_device(name: str) -> torch.device:
    """The device for "auto", "cpu", "cuda" or "mps"; auto takes cuda, then mps, then cpu.

    Under torchrun each process of a machine gets a GPU of its own.
    Errors: UserError if that device is not there.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, there in present.items() if there)
    if not present[name]:
        raise UserError(f"--device {name}: this machine or this torch has none; use --device cpu or auto")
    if name != "cuda" or world_size() == 1:
        return torch.device(name)
    local_rank = int(os.environ["LOCAL_RANK"])
    gpus = torch.cuda.device_count()
    if local_rank >= gpus:
        raise UserError(f"more processes than the {gpus} GPUs of this machine; give --nproc-per-node {gpus}")
    return torch.device("cuda", local_rank)


def share_cores(workers: int) -> None:
    """Leave a core to each reading process: threads that wait for each other stall when they have to share.

    On two cores one computing thread beside one that remixes trained 1.4 times as fast as two. Without
    workers, or where fewer threads are asked for (OMP_NUM_THREADS), nothing changes.
    """
    cores = (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    torch.set_num_threads(max(1, min(torch.get_num_threads(), cores - workers)))


def join_processes() -> None:
    """Let the processes of torchrun find each other, once; nothing to do for a single one."""
    if world_size() == 1 or dist.is_initialized():
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, timeout=LONGEST_WAIT)
    atexit.register(dist.destroy_process_group)


def distribute(model: nn.Module, device: torch.device) -> nn.Module:
    """`model`, whose backward pass from now on averages the gradients over all processes."""
    if world_size() == 1:
        return model
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return nn.parallel.DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)


def mean_over_processes(value: float) -> float:
    """The mean of the processes' values, the same in each."""
    if world_size() == 1:
        return value
    total = torch.tensor(value, dtype=torch.float64)
    dist.all_reduce(total)
    return total.item() / world_size()


def from_main_process(action: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Call `action(*arguments)` in process 0, while the others wait; give its result (a JSON object) to all.

    For what must happen once: making data, validating, writing.
    """
    if world_size() == 1:
        return action(*arguments)
    join_processes()
    text = json.dumps(action(*arguments)).encode() if is_main_process() else b""
    length = torch.tensor(len(text))
    dist.broadcast(length, src=0)
    content = torch.tensor(list(text), dtype=torch.uint8) if text else torch.empty(length, dtype=torch.uint8)
    dist.broadcast(content, src=0)
    return json.loads(bytes(content.tolist()))
