package stagelight;

/** What nodes of trees are made to implement while they are loaded: they remember the calls that asked for them. */
public interface Sited {
    /** Sites as the launcher writes them, or null if none is known. */
    String[] stagelightSites();

    void stagelightSites(String[] sites);

    /** Whether a Dataset with this node at its root was seen. */
    boolean stagelightSettled();

    void stagelightSettled(boolean settled);
}
