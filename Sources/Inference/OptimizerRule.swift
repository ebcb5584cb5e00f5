import Foundation

/// An optimizer's rule: how one stochastic gradient moves the parameters. For maximization, over a flat array, without allocation in a step.
///
/// An element of the gradient that is not finite counts as zero.
package protocol AscentRule: AnyObject {
  /// One step up the gradient. `rate` is in the rule's own unit.
  func ascend(_ parameters: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>, rate: Double)
  /// What the rule remembers of its steps, in an order of its own; what is set must come from a rule of the same kind and count.
  var memory: [Double] { get set }
}

extension Adam: AscentRule {}

/// The rules by name.
package enum OptimizerName: String, Sendable, Codable, CaseIterable {
  case adam, adamw, rmsprop, adagrad, sgd, dowg

  /// The step size at the start where none is given.
  package var defaultRate: Double {
    switch self {
    case .adam, .adamw, .rmsprop: 0.01
    case .adagrad: 0.05
    case .sgd: 1e-3
    case .dowg: 1
    }
  }

  package func rule(count: Int) -> any AscentRule {
    switch self {
    case .adam: Adam(count: count)
    case .adamw: AdamW(count: count)
    case .rmsprop: RMSProp(count: count)
    case .adagrad: Adagrad(count: count)
    case .sgd: MomentumSGD(count: count)
    case .dowg: DoWG(count: count)
    }
  }
}
