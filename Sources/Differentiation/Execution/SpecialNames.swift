import Foundation
import Kernels

// Stands in for Kernels' Special until it is merged.
enum Special {
  static func normalQuantile(_ p: Double) -> Double { .nan }
  static func arcTangent2(_ y: Double, _ x: Double) -> Double { atan2(y, x) }
  static func polygamma(order: Double, _ x: Double) -> Double { .nan }
  static func incompleteGammaP(_ a: Double, _ x: Double) -> Double { .nan }
  static func incompleteGammaQ(_ a: Double, _ x: Double) -> Double { .nan }
  static func incompleteGammaPShape(_ a: Double, _ x: Double) -> Double { .nan }
  static func gammaDrawDerivative(shape a: Double, _ z: Double) -> Double { .nan }
  static func incompleteBeta(_ a: Double, _ b: Double, _ x: Double) -> Double { .nan }
  static func incompleteBetaDerivatives(_ a: Double, _ b: Double, _ x: Double) -> (first: Double, second: Double) { (.nan, .nan) }
}
