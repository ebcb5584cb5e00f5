/// Stochastic gradient ascent with Nesterov's momentum: v ← μ v + g, θ ← θ + rate · (g + μ v), μ = 0.9.
///
/// Source: Sutskever, Martens, Dahl & Hinton (ICML 2013), in the form that evaluates the gradient at θ.
package final class MomentumSGD: AscentRule {
  private let count: Int
  private let velocity: Storage
  private let momentum: Double

  package init(count: Int, momentum: Double = 0.9) {
    self.count = count
    self.momentum = momentum
    velocity = Storage(count)
  }

  package var memory: [Double] {
    get { velocity.array }
    set { velocity.fill(newValue) }
  }

  package func ascend(_ parameters: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>, rate: Double) {
    let v = velocity.base
    for i in 0..<count {
      let g = gradient[i].isFinite ? gradient[i] : 0
      v[i] = momentum * v[i] + g
      parameters[i] += rate * (g + momentum * v[i])
    }
  }
}
