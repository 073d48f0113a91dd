from strikewire.testing.gateway import GatewayFloor, Wire


def venue() -> tuple[GatewayFloor, Wire]:
    floor = GatewayFloor("BTC-PERPETUAL", "BTC-25DEC26-100000-C", "BTC_USDC-PERPETUAL", "BTC_USDC")
    floor.mark("BTC-PERPETUAL", 100_000.0)
    floor.mark("BTC_USDC", 100_001.0)
    return floor, floor.connect()


def names(instruments: list[dict[str, str]]) -> list[str]:
    return [one["instrument_name"] for one in instruments]


def test_currencies_are_listed() -> None:
    _, wire = venue()

    assert [one["currency"] for one in wire.call("public/get_currencies")] == ["BTC", "ETH", "USDC"]


def test_instruments_without_a_currency_are_all_of_them() -> None:
    _, wire = venue()

    everything = [
        "BTC-PERPETUAL",
        "BTC-25DEC26-100000-C",
        "BTC_USDC-PERPETUAL",
        "BTC_USDC",
    ]
    assert names(wire.call("public/get_instruments")) == everything
    assert names(wire.call("public/get_instruments", currency="any")) == everything


def test_instruments_by_currency_and_kind() -> None:
    _, wire = venue()

    def listed(**params: object) -> list[str]:
        return names(wire.call("public/get_instruments", **params))

    assert listed(currency="BTC", kind="option") == ["BTC-25DEC26-100000-C"]
    assert listed(currency="USDC") == ["BTC_USDC-PERPETUAL", "BTC_USDC"]
    assert listed(currency="SOL") == []
    assert listed(currency="BTC", kind="future_combo") == []


def test_expired_instruments_are_listed_apart() -> None:
    floor, wire = venue()
    floor.of("BTC-PERPETUAL").settle(floor.now_ns, None)

    assert "BTC-PERPETUAL" not in names(wire.call("public/get_instruments"))
    assert names(wire.call("public/get_instruments", expired=True)) == ["BTC-PERPETUAL"]
    assert wire.call("public/get_instrument", instrument_name="BTC-PERPETUAL")["is_active"] is False


def test_an_unknown_instrument_is_not_found() -> None:
    _, wire = venue()

    assert wire.fail("public/get_instrument", instrument_name="BTC-1JAN20")["code"] == 13020


def test_indices_have_names_and_prices() -> None:
    _, wire = venue()

    assert wire.call("public/get_index_price_names") == ["btc_usd", "btc_usdc"]
    assert wire.call("public/get_index_price_names", extended=True)[0]["name"] == "btc_usd"
    assert wire.call("public/get_index_price", index_name="btc_usdc") == {
        "index_price": 100_001.0,
        "estimated_delivery_price": 100_001.0,
    }
    assert wire.fail("public/get_index_price", index_name="doge_usd")["code"] == -32602
