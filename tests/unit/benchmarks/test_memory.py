from benchmarks.memory import Grown, lines_of


def test_each_process_stands_with_the_bar_and_its_growth() -> None:
    lines = lines_of([Grown("daemon", 80, 64, -0.5, 0.25), Grown("worker 1", 218, 190, None, None)], "1,000 documents")
    assert lines[0].startswith("1,000 documents. The bar is 150 MB")
    assert "| daemon | 80.0 MB | 64.0 MB | RSS: bar ≤ 217 MB: reached | -0.50 MB/h | +0.25 MB/h |" in lines
    assert "| worker 1 | 218.0 MB | 190.0 MB | RSS: bar ≤ 217 MB: not reached |  |  |" in lines
