"""Every model of the domain, where Django looks for them."""

from analytics.health.models import ModelVersion, Prediction
from analytics.maintenance.models import OrderCancellation, Plan, WorkOrder

__all__ = ["ModelVersion", "OrderCancellation", "Plan", "Prediction", "WorkOrder"]
