"""The contract of storages as a suite.

To test a storage of your own, make a class of this kind in a file that pytest collects::

    from optimist.testing import StorageSuite

    class TestMyStorage(StorageSuite):
        def make_storage(self, directory):
            return MyStorage(directory / "store")

        def store_url(self, directory):
            return f"mine://{directory}/store"

The flags of the class say what the storage promises; tests of what it does not promise are left out.
"""

from __future__ import annotations

from pathlib import Path

from optimist.storages.base import Storage
from optimist.storages.open import open_storage
from optimist.testing.storages.deltas import DeltaSuite
from optimist.testing.storages.leases import LeaseSuite
from optimist.testing.storages.promotions import PromotionSuite
from optimist.testing.storages.sharing import SharingSuite
from optimist.testing.storages.studies import StudySuite
from optimist.testing.storages.trials import TrialSuite
from optimist.testing.storages.values import ValueSuite
from optimist.testing.storages.voiding import VoidSuite


class StorageSuite(StudySuite, TrialSuite, ValueSuite, DeltaSuite, LeaseSuite, VoidSuite, PromotionSuite, SharingSuite):
    """What every storage promises; see the module for how to use it.

    Attributes:
        is_shared: Several handles, in several processes, work on one store: ``make_storage`` opens the store of its
            directory again, handles can be pickled, and ``store_url`` says what ``open_storage`` takes.
        keeps_objects: Attributes may be any Python object, not only what JSON can hold.
        keeps_times: When a trial starts and finishes is what the change says, not when the store takes it in.
        has_leases: A trial may have a lease, and is given up when that is over.
        can_void: Finished trials can be voided.
    """

    def make_storage(self, directory: Path) -> Storage:
        """Open the store of one test; a shared store opens again when this is called again."""
        return open_storage(self.store_url(directory))
