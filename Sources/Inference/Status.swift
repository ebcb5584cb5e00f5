/// How an algorithm ended. `text` says it in a sentence, with what to do about it.
public enum Status: String, Sendable, Codable, CaseIterable {
  /// The stopping rule was met.
  case converged
  /// The number of steps the user asked for was done; convergence was not tested.
  case stepsDone
  /// The limit on steps was reached before the stopping rule was met.
  case stepLimit
  /// The caller asked to stop; what is reported is the state at that moment.
  case cancelled
  /// The iterates leave every bound: the density has no finite mode, or its mass escapes to infinity.
  case unbounded
  /// No starting point with a finite log density and gradient was found.
  case noFiniteStart
  /// A line search found no point with a higher log density although the gradient is not zero.
  case lineSearchFailed
  /// The Hessian at the mode is not negative definite.
  case notPositiveDefinite
  /// Log density or gradient are not finite where the algorithm needs them.
  case nonFinite

  /// One sentence on what happened and one on what to do.
  public var text: String {
    switch self {
    case .converged: "The stopping rule was met."
    case .stepsDone: "All requested steps were done; leave the number of steps open to have convergence tested."
    case .stepLimit:
      "The step limit was reached before the iterates settled. Allow more steps, or look for weakly identified parameters and very different scales."
    case .cancelled: "Stopped on request; the state at that moment is reported."
    case .unbounded:
      "The iterates run away without bound. The posterior may be improper (a flat prior that the data do not close), or have no finite mode: give the parameters proper priors, or write hierarchies in non-centred form."
    case .noFiniteStart:
      "No starting point with a finite log density and gradient was found. Check that the data lie in the support of their distributions, and give initial values."
    case .lineSearchFailed:
      "The line search could not raise the log density further although the gradient is not zero. The density may have a kink or a wrong gradient there, or rounding sets the limit: rescale the data."
    case .notPositiveDefinite:
      "The Hessian at the mode is not negative definite, so no Gaussian fits there: the mode is on a ridge or a saddle, or some parameters are not identified. Use VI or NUTS, or stronger priors."
    case .nonFinite:
      "The log density or its gradient is not finite where it is needed. Check the supports of the parameters and of the data."
    }
  }

  /// Whether the algorithm ended as intended.
  public var isSuccess: Bool { self == .converged || self == .stepsDone }
}
