import Differentiation

// Tensors take an array of numbers as one block, whatever its rank.

extension Tensor: DenseArrayDecodable {
  package static var takesWholeNumbers: Bool { false }
  package static func dense(shape: [Int], values: [Double]) -> Tensor { Tensor(values, shape: shape) }
}

extension IntTensor: DenseArrayDecodable {
  package static var takesWholeNumbers: Bool { true }
  package static func dense(shape: [Int], values: [Double]) -> IntTensor { IntTensor(values.map { Int($0) }, shape: shape) }
}
