/// What an inference algorithm knows of a model: log p(u) up to a constant over unconstrained vectors u ∈ ℝⁿ, with its gradient.
///
/// For a model the value is log p(x(u), data) + log |det ∂x/∂u|, all constants kept, in nats.
package protocol LogDensity: Sendable {
  /// n, the length of the unconstrained vector.
  var dimension: Int { get }
  /// The number of lanes (1, 2, 4 or 8) at which one evaluation per lane is cheapest for this density. It depends on the density alone, never
  /// on how many chains run.
  var preferredLanes: Int { get }
  /// A private evaluator with a workspace of its own; one evaluator serves one thread at a time.
  func makeEvaluator(lanes: Int) throws -> any LogDensityEvaluator
}

/// Evaluates a ``LogDensity`` at `lanes` points at once, without allocation.
package protocol LogDensityEvaluator: AnyObject {
  var lanes: Int { get }
  /// positions [dimension][lanes] ↦ values [lanes], gradients [dimension][lanes].
  ///
  /// Outside the support, or where arithmetic fails, a lane's value is −∞ or NaN and its gradient is unspecified (possibly NaN); other
  /// lanes are not affected. The bits of a lane do not depend on what stands in the other lanes nor on `lanes`.
  func evaluate(
    positions: UnsafePointer<Double>, values: UnsafeMutablePointer<Double>, gradients: UnsafeMutablePointer<Double>)
}
