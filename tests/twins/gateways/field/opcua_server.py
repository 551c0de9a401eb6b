"""A real OPC UA server as a process of its own: ``python -m tests.twins.gateways.field.opcua_server`` with a plan.

The plan is one line of JSON on standard input; each further line is an order, answered by a line when it is done.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole

URI = "urn:plant:server"
_SECURE = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
POLICIES = ("NoSecurity", *(f"{policy}_{mode}" for policy in _SECURE for mode in ("Sign", "SignAndEncrypt")))


class _Users:
    """Lets in who the plan names: anybody, a user with a password, a certificate."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._users: dict[str, str] = plan.get("users", {})
        self._certificates = {bytes.fromhex(each) for each in plan.get("user_certificates", [])}
        self._anonymous = plan.get("anonymous", True)

    def get_user(
        self, _server: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        known = (
            self._users.get(username) == password if username
            else certificate in self._certificates or self._anonymous
        )  # fmt: skip
        return User(role=UserRole.User) if known else None


class Plant:
    """The server and its nodes."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._nodes: dict[str, Any] = {}

    async def start(self) -> None:
        plan = self._plan
        self.server = Server(user_manager=_Users(plan))
        await self.server.init()
        self.server.set_endpoint(f"opc.tcp://127.0.0.1:{plan['port']}/plant/")
        await self.server.set_application_uri(URI)
        names = plan.get("policies") or ["NoSecurity"]
        self.server.set_security_policy([getattr(ua.SecurityPolicyType, name) for name in names])
        tokens = [ua.AnonymousIdentityToken] if plan.get("anonymous", True) else []
        self.server.set_identity_tokens([*tokens, ua.UserNameIdentityToken, ua.X509IdentityToken])
        if folder := plan.get("folder"):
            await self.server.load_certificate(str(Path(folder) / "server.der"))
            await self.server.load_private_key(str(Path(folder) / "server.pem"))
        for uri in plan.get("namespaces", ["urn:plant:nodes"]):
            self._index = await self.server.register_namespace(uri)
        self._folder = await self.server.nodes.objects.add_object(f"ns={self._index};s=Plant", f"{self._index}:Plant")
        for name, value in plan.get("nodes", {}).items():
            await self._add(name, value)
        if plan.get("many"):
            await self._add_many(plan["many"])
        await self.server.start()

    async def _add_many(self, count: int) -> None:
        lines = await self._folder.add_object(f"ns={self._index};s=Lines", f"{self._index}:Lines")
        for number in range(count):
            name = f"N{number:04}"
            self._nodes[name] = await lines.add_variable(f"ns={self._index};s={name}", f"{self._index}:{name}", 0.0)

    async def _add(self, name: str, value: Any) -> None:
        id_, browse = f"ns={self._index};s={name}", f"{self._index}:{name}"
        node = self._nodes[name] = await self._folder.add_variable(id_, browse, value)
        if name.startswith("Pressure"):
            await node.add_property(
                f"{id_}.EngineeringUnits", "0:EngineeringUnits",
                ua.EUInformation(NamespaceUri="urn:un", UnitId=4_665_122, DisplayName=ua.LocalizedText("bar")),
            )  # fmt: skip
            await node.add_property(f"{id_}.EURange", "0:EURange", ua.Range(Low=0.0, High=25.0))

    async def obey(self, order: dict[str, Any]) -> Any:
        """Do what a line says."""
        return await getattr(self, f"do_{order.pop('do')}")(**order)

    async def do_write(
        self, node: str, value: Any, at: float | None = None, status: str = "Good", bits: int = 0
    ) -> None:
        moment = datetime.fromtimestamp(at, UTC) if at is not None else datetime.now(UTC)
        code = ua.StatusCode(getattr(ua.StatusCodes, status) | bits)
        held = ua.DataValue(ua.Variant(value), code, moment, moment)
        await self.server.write_attribute_value(self._nodes[node].nodeid, held)

    async def do_delete(self, node: str) -> None:
        await self.server.delete_nodes([self._nodes.pop(node)])

    async def do_add(self, node: str, value: Any) -> None:
        await self._add(node, value)

    async def do_flood(self, per_second: int, seconds: float) -> int:
        """Write to the nodes in turn, as fast as asked where that is possible; how many were written."""
        nodes, written, begun = list(self._nodes.values()), 0, time.perf_counter()
        for step in range(int(seconds * 50)):
            for _ in range(per_second // 50):
                now = datetime.now(UTC)
                held = ua.DataValue(ua.Variant(float(written + 1)), SourceTimestamp=now, ServerTimestamp=now)
                await self.server.write_attribute_value(nodes[written % len(nodes)].nodeid, held)
                written += 1
            await asyncio.sleep(max(0.0, begun + (step + 1) / 50 - time.perf_counter()))
        return written


async def main() -> None:
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    plant = Plant(json.loads(await reader.readline()))
    await plant.start()
    print(json.dumps("ready"), flush=True)
    while line := await reader.readline():
        print(json.dumps(await plant.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
