package stagelight;

/** What `SparkPlanInfo` is made to implement: it keeps what was known of the physical node that it describes. */
public interface Witness {
    String stagelightEvidence();

    void stagelightEvidence(String evidence);
}
