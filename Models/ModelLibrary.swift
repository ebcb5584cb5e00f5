import Credence

/// The models that are built in.
package enum ModelLibrary {
  package static let all: [any RunnableModel] =
    posteriors.map { $0 as any RunnableModel } + examples
    + VerdictTargets.all.map { $0 as any RunnableModel }

  /// Twelve posteriors of posteriordb, under their names there.
  package static let posteriors: [any ReferencedModel] = [
    FileModel(referenced: Autoregression.self, "arK.json"),
    FileModel(referenced: LogEarningsInteraction.self, "earnings.json"),
    FileModel(referenced: EightSchoolsCentered.self, "eight_schools.json"),
    FileModel(referenced: EightSchoolsNoncentered.self, "eight_schools.json"),
    FileModel(referenced: Garch.self, "garch.json"),
    FileModel(referenced: GaussianProcessPoisson.self, "gp_pois_regr.json"),
    FileModel(referenced: HiddenMarkov.self, "hmm_example.json"),
    FileModel(referenced: KidscoreInteraction.self, "kidiq.json"),
    FileModel(referenced: TwoNormals.self, "low_dim_gauss_mix.json"),
    FileModel(referenced: LogMesquite.self, "mesquite.json"),
    FileModel(referenced: PartyIdentification.self, "nes1980.json"),
    FileModel(referenced: LinearRegression.self, "sblrc.json"),
  ]

  /// Models to begin with, and those that are timed against other systems.
  package static let examples: [any RunnableModel] = [
    FileModel(BayesianNeuralNetwork.self, "curve-with-gap.json"),
    AnyRunnable(Branching.self),
    AnyRunnable(CantileverBeam.self),
    FileModel(CaptureRecapture.self, "cottontails.json"),
    FileModel(ChangePoint.self, "coal-mining.json"),
    AnyRunnable(DiscreteAutoencoder.self),
    AnyRunnable(EightSchools.self),
    FileModel(GaussianProcess.self, "gaussian-process.json"),
    FileModel(HiddenStates.self, "hmm_example.json"),
    FileModel(LocalReparameterization.self, "curve-with-gap.json"),
    FileModel(LogisticRegression.self, "logistic-regression.json"),
    FileModel(Mixture.self, "mixture.json"),
    FileModel(MixtureLabels.self, "low_dim_gauss_mix.json"),
    FileModel(MixtureGuided.self, "low_dim_gauss_mix.json"),
    FileModel(Radon.self, "radon-synthetic.json"),
    AnyRunnable(SigmoidBeliefNetwork.self),
    FileModel(TopicModel.self, "documents.json"),
    AnyRunnable(VariationalAutoencoder.self),
  ]
}
