"""An adapter whose framework nobody has."""

import no_such_module

Framework = no_such_module.Framework
