import Credence

/// The models that are built in.
package enum ModelLibrary {
  package static let all: [any RunnableModel] = posteriors.map { $0 as any RunnableModel } + examples

  /// Twelve posteriors of posteriordb, under their names there.
  package static let posteriors: [any ReferencedModel] = [
    FileModel(referenced: Autoregression.self, "arK.json"),
    FileModel(referenced: LogEarningsInteraction.self, "earnings.json"),
    FileModel(
      referenced: EightSchoolsCentered.self, "eight_schools.json",
      difficulty: PosteriorDifficulty(
        reason:
          "tau and theta form a funnel: where tau is small the scale of theta is, too, and no one step size suits both. Divergences and small effective sample sizes are expected at the defaults; the non-centred form has neither.",
        targetAcceptance: 0.99, draws: 10_000)),
    FileModel(
      referenced: EightSchoolsNoncentered.self, "eight_schools.json",
      difficulty: PosteriorDifficulty(
        reason: "tau has the tail of a Cauchy, and far out xi has a scale of its own: a few draws in a thousand diverge at the defaults.",
        targetAcceptance: 0.95, draws: 1_000)),
    FileModel(referenced: Garch.self, "garch.json"),
    FileModel(
      referenced: GaussianProcessPoisson.self, "gp_pois_regr.json",
      difficulty: PosteriorDifficulty(
        reason:
          "counts tie xi to alpha and rho, whose scale they set, and the covariance is nearly singular where rho is large: curvature varies. The reference itself was drawn with acceptance 0.99.",
        targetAcceptance: 0.99, draws: 1_000)),
    FileModel(referenced: HiddenMarkov.self, "hmm_example.json"),
    FileModel(referenced: KidscoreInteraction.self, "kidiq.json"),
    FileModel(referenced: TwoNormals.self, "low_dim_gauss_mix.json"),
    FileModel(referenced: LogMesquite.self, "mesquite.json"),
    FileModel(referenced: PartyIdentification.self, "nes1980.json"),
    FileModel(referenced: LinearRegression.self, "sblrc.json"),
  ]

  /// Models to begin with, and those that are timed against other systems.
  package static let examples: [any RunnableModel] = [
    AnyRunnable(Branching.self),
    AnyRunnable(EightSchools.self),
    FileModel(GaussianProcess.self, "gaussian-process.json"),
    FileModel(LogisticRegression.self, "logistic-regression.json"),
    FileModel(Mixture.self, "mixture.json"),
    FileModel(Radon.self, "radon-synthetic.json"),
    AnyRunnable(VariationalAutoencoder.self),
  ]
}
