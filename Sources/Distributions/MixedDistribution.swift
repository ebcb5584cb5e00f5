/// A distribution of numbers with single values of positive probability among others that have a density. A log density is the logarithm of the
/// one or the other, which has a meaning for data; a latent variable of this kind cannot be moved continuously, and none is accepted.
package protocol MixedDistribution: Distribution {}

extension Repeated: MixedDistribution where Base: MixedDistribution {}
