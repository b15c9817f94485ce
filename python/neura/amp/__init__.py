"""Mixed precision: 16-bit computation where it does no harm, and scaling of losses."""

from neura.amp.autocast_mode import autocast as autocast
from neura.amp.autocast_mode import is_autocast_available as is_autocast_available
from neura.amp.grad_scaler import GradScaler as GradScaler
