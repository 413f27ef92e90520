from .ray_executor import RayExecutor as RayExecutor
