import logging
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List

from pyspark.sql import DataFrame, SparkSession

from catalog import registry

log = logging.getLogger(__name__)


@dataclass
class Context:
    spark: SparkSession
    base: str
    target: str
    frames: Dict[str, DataFrame] = field(default_factory=dict)

    def __getitem__(self, name: str) -> DataFrame:
        return self.frames[name]

    def put(self, name: str, frame: DataFrame) -> None:
        self.frames[name] = frame


class Pipeline:
    def __init__(self, spark: SparkSession, steps: List[Any], context: Context):
        self.spark = spark
        self.steps = steps
        self.context = context
        self.timings: Dict[str, float] = {}

    @classmethod
    def from_config(cls, config: dict) -> "Pipeline":
        spark = SparkSession.builder.appName(config["app"]).getOrCreate()
        steps = [registry.create(spec) for spec in config["steps"]]
        return cls(spark, steps, Context(spark, config["base"], config["target"]))

    def run(self) -> bool:
        for number, step in enumerate(self.steps):
            began = time.time()
            try:
                step.execute(self.context)
            except AssertionError as failure:
                log.error("step %d (%s): %s", number, step.step_name, failure)
                return False
            self.timings[f"{number:02}-{step.step_name}"] = time.time() - began
        return True

    def stop(self) -> None:
        for name, seconds in self.timings.items():
            print(f"{name:20} {seconds:6.2f}s")
        self.spark.stop()
