import Foundation
import Inference

/// One observed variable of a fit with its replications: draws of the posterior predictive distribution, and log likelihoods by element, as
/// ArviZ's groups `observed_data`, `posterior_predictive` and `log_likelihood` hold them.
package struct PredictiveCheck: Sendable {
  package var name: String
  package var shape: [Int]
  /// Row-major.
  package var observed: [Double]
  /// [chain][draw · size + element]; nil where the file has none.
  package var replications: [[Double]]?
  package var logLikelihoods: [[Double]]?
  /// log p − log q of each draw, chain after chain, for draws of an approximation q.
  package var logRatios: [Double]?

  package init(name: String, shape: [Int], observed: [Double], replications: [[Double]]?, logLikelihoods: [[Double]]?) {
    self.name = name
    self.shape = shape
    self.observed = observed
    self.replications = replications
    self.logLikelihoods = logLikelihoods
  }

  package var size: Int { observed.count }

  /// The same with the ratios of its draws, see ``DrawSet/logRatios``.
  package func weighted(by logRatios: [Double]?) -> PredictiveCheck {
    var check = self
    check.logRatios = logRatios
    return check
  }

  /// [element]: all chains' replications one after the other.
  func replications(of element: Int) -> [Double] { Self.series(replications, size, element) }
  func logLikelihoods(of element: Int) -> [[Double]] {
    (logLikelihoods ?? []).map { chain in stride(from: element, to: chain.count, by: max(size, 1)).map { chain[$0] } }
  }

  private static func series(_ chains: [[Double]]?, _ size: Int, _ element: Int) -> [Double] {
    (chains ?? []).flatMap { chain in stride(from: element, to: chain.count, by: max(size, 1)).map { chain[$0] } }
  }

  var isWhole: Bool {
    observed.allSatisfy { $0.rounded() == $0 } && (replications ?? []).allSatisfy { $0.prefix(4000).allSatisfy { $0.rounded() == $0 } }
  }

  /// Reads the groups of a file of draws; variables that are not observed, or whose shapes do not fit, are left out. Throws `DataError` where an
  /// array is ragged or no array of numbers.
  package static func decode(_ root: JSONValue) throws -> [PredictiveCheck] {
    try (root["observed_data"]?.members?.entries ?? []).compactMap { name, value in
      let observed = try Nesting.flatten(value, "observed_data.\(name)")
      func group(_ group: String) throws -> [[Double]]? {
        guard let value = root[group]?[name] else { return nil }
        let flat = try Nesting.flatten(value, "\(group).\(name)")
        guard flat.shape.count >= 2, flat.shape[0] > 0, flat.values.count == flat.shape[0] * flat.shape[1] * observed.values.count else {
          return nil
        }
        let stride = flat.values.count / flat.shape[0]
        return (0..<flat.shape[0]).map { Array(flat.values[$0 * stride..<($0 + 1) * stride]) }
      }
      let (replications, likelihoods) = (try group("posterior_predictive"), try group("log_likelihood"))
      guard !observed.values.isEmpty, replications != nil || likelihoods != nil else { return nil }
      return PredictiveCheck(
        name: name, shape: observed.shape, observed: observed.values, replications: replications, logLikelihoods: likelihoods)
    }
  }
}
