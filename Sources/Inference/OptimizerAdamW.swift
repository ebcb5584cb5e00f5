/// Adam with decoupled weight decay: θ ← (1 − rate · decay) θ, then Adam's step.
///
/// The decay pulls towards zero, so the optimum of an ELBO is moved by it: for networks, where it regularizes. Source: Loshchilov & Hutter (2019), arXiv:1711.05101.
package final class AdamW: AscentRule {
  private let adam: Adam
  private let decay: Double

  package init(count: Int, decay: Double = 1e-2) {
    adam = Adam(count: count)
    self.decay = decay
  }

  package var memory: [Double] {
    get { adam.memory }
    set { adam.memory = newValue }
  }

  package func ascend(_ parameters: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>, rate: Double) {
    let kept = 1 - rate * decay
    for i in 0..<adam.count { parameters[i] *= kept }
    adam.ascend(parameters, gradient: gradient, rate: rate)
  }
}
