"""Mixed precision: scaling of losses."""

from neura.amp.grad_scaler import GradScaler as GradScaler
