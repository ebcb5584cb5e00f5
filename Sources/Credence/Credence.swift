// The umbrella: one import for a model or a script. No code of its own.
@_exported import CommandLine
@_exported import Differentiation
@_exported import Distributions
@_exported import Inference
@_exported import Modeling
@_exported import Networks
@_exported import Reporting
