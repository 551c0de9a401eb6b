"""The domain's pages, below an organisation."""

from __future__ import annotations

from django.urls import path

from twins.alarms import pages as alarms
from twins.alarms import performing, schedule_pages
from twins.alarms import rule_pages as alarm_rules
from twins.alarms import telling_pages as telling
from twins.catalog import pages as catalog
from twins.composer import blueprint_pages, gallery_pages, promotion_pages, review_pages, version_pages
from twins.composer import pages as composer
from twins.dashboards import pages as dashboards
from twins.evidence import pages as evidence
from twins.gateways import pages as gateways
from twins.gateways import quality_pages, quality_replacing
from twins.gateways.connections import pages as connections
from twins.gateways.connections import setup_pages
from twins.gateways.edge.platform import configuring as edge_configuring
from twins.gateways.edge.platform import pages as edge
from twins.gateways.imports import pages as imports
from twins.gateways.provisioning import authority_pages, bulk_pages
from twins.gateways.provisioning import pages as provisioning
from twins.gateways.refused import pages as refused
from twins.gateways.sparkplug import pages as sparkplug
from twins.history import pages as history
from twins.live import pages as live
from twins.packs import pages as packs
from twins.sharing import admin_pages as sharing_admin
from twins.sharing import pages as sharing

urlpatterns = [
    path("catalogue/", catalog.catalogue, name="catalogue"),
    path("catalogue/packs/", packs.packs, name="packs"),
    path("catalogue/packs/new/", packs.new_pack, name="new-pack"),
    path("catalogue/packs/make/", packs.make, name="make-pack"),
    path("catalogue/packs/examples/<slug:key>/", packs.install_example, name="pack-example"),
    path("catalogue/packs/<slug:key>/", packs.pack, name="pack"),
    path("catalogue/packs/<slug:key>/uninstall/", packs.uninstall, name="pack-uninstall"),
    path("catalogue/new/", catalog.new_type, name="new-type"),
    path("catalogue/drafts/<uuid:draft>/", catalog.draft, name="type-draft"),
    path("catalogue/drafts/<uuid:draft>/discard/", catalog.discard, name="type-draft-discard"),
    path("catalogue/deprecate/", catalog.deprecate_chosen, name="types-deprecate"),
    path("catalogue/<str:ref>/", catalog.asset_type, name="asset-type"),
    path("catalogue/<str:ref>/revise/", catalog.revise, name="type-revise"),
    path("catalogue/<str:ref>/deprecate/", catalog.deprecate, name="type-deprecate"),
    path("catalogue/<str:ref>/restore/", catalog.restore, name="type-restore"),
    path("catalogue/<str:ref>/remove/", catalog.remove, name="type-remove"),
    path("gateways/", gateways.gateways, name="gateways"),
    path("gateways/imports/", imports.imports, name="imports"),
    path("gateways/imports/new/", imports.new_import, name="new-import"),
    path("gateways/imports/<uuid:import_id>/", imports.import_page, name="import"),
    path("gateways/imports/<uuid:import_id>/rejected/", imports.rejected, name="import-rejected"),
    path("gateways/imports/<uuid:import_id>/remove/", imports.remove, name="import-remove"),
    path("gateways/new/", gateways.new_gateway, name="new-gateway"),
    path("gateways/many/", bulk_pages.many_gateways, name="many-gateways"),
    path("gateways/keys/", provisioning.provisioning_keys, name="provisioning-keys"),
    path("gateways/keys/new/", provisioning.new_key, name="new-provisioning-key"),
    path("gateways/keys/<uuid:key>/revoke/", provisioning.revoke_key, name="provisioning-key-revoke"),
    path("gateways/authorities/", authority_pages.authorities, name="authorities"),
    path("gateways/authorities/new/", authority_pages.new_authority, name="new-authority"),
    path("gateways/authorities/<uuid:authority>/list/", authority_pages.put_list, name="authority-list-put"),
    path("gateways/authorities/<uuid:authority>/withdraw/", authority_pages.withdraw, name="authority-withdraw"),
    path("gateways/<uuid:gateway>/", gateways.gateway, name="gateway"),
    path("gateways/<uuid:gateway>/claim/", gateways.claim, name="gateway-claim"),
    path("gateways/<uuid:gateway>/enable/", gateways.enable, name="gateway-enable"),
    path("gateways/<uuid:gateway>/refused/", refused.all_refused, name="gateway-refused"),
    path("gateways/<uuid:gateway>/refused/replay/", refused.replay, name="gateway-replay"),
    path("gateways/<uuid:gateway>/arriving/", gateways.arriving, name="gateway-arriving"),
    path("gateways/<uuid:gateway>/disable/", gateways.disable, name="gateway-disable"),
    path("gateways/<uuid:gateway>/rotate/", gateways.rotate, name="gateway-rotate"),
    path("gateways/<uuid:gateway>/edge/", edge.edge, name="gateway-edge"),
    path("gateways/<uuid:gateway>/edge/doing/", edge.doing, name="gateway-edge-doing"),
    path("gateways/<uuid:gateway>/edge/file/", edge.bootstrap, name="gateway-edge-file"),
    path("gateways/<uuid:gateway>/edge/seals/", edge.seals, name="gateway-edge-seals"),
    path("gateways/<uuid:gateway>/edge/keys/<uuid:key>/approve/", edge.approve, name="gateway-edge-key"),
    path("gateways/<uuid:gateway>/edge/configure/", edge_configuring.configure, name="gateway-edge-configure"),
    path("gateways/<uuid:gateway>/edge/versions/<int:number>/", edge_configuring.version, name="gateway-edge-version"),
    path(
        "gateways/<uuid:gateway>/edge/versions/<int:number>/restore/",
        edge_configuring.restore,
        name="gateway-edge-restore",
    ),
    path("alarms/", alarms.alarms, name="alarms"),
    path("alarms/act/", alarms.act, name="alarms-act"),
    path("alarms/badge/", alarms.badge, name="alarms-badge"),
    path("alarms/<uuid:alarm>/", alarms.alarm, name="alarm"),
    path("alarms/<uuid:alarm>/comment/", alarms.comment, name="alarm-comment"),
    path("alarms/rules/", alarm_rules.rules, name="alarm-rules"),
    path("alarms/rules/new/", alarm_rules.new_rule, name="new-alarm-rule"),
    path("alarms/rules/<uuid:rule>/", alarm_rules.edit_rule, name="alarm-rule"),
    path("alarms/rules/<uuid:rule>/switch/", alarm_rules.switch, name="alarm-rule-switch"),
    path("alarms/rules/<uuid:rule>/delete/", alarm_rules.delete, name="alarm-rule-delete"),
    path("gateways/<uuid:gateway>/connections/", connections.connections, name="gateway-connections"),
    path("gateways/<uuid:gateway>/connections/new/", connections.new_connection, name="new-connection"),
    path("gateways/<uuid:gateway>/edge-nodes/", sparkplug.edge_nodes, name="gateway-edge-nodes"),
    path("gateways/<uuid:gateway>/edge-nodes/new/", sparkplug.new_edge_node, name="new-edge-node"),
    path("gateways/<uuid:gateway>/edge-nodes/<uuid:node>/", sparkplug.edge_node, name="gateway-edge-node"),
    path("gateways/<uuid:gateway>/edge-nodes/<uuid:node>/ask/", sparkplug.ask, name="edge-node-ask"),
    path("gateways/<uuid:gateway>/edge-nodes/<uuid:node>/take/", sparkplug.take, name="edge-node-take"),
    path("connections/certificate/", connections.certificate, name="client-certificate"),
    path("connections/<uuid:connection>/", connections.connection, name="connection"),
    path("connections/<uuid:connection>/going/", connections.going, name="connection-going"),
    path("connections/<uuid:connection>/edit/", connections.edit, name="connection-edit"),
    path("connections/<uuid:connection>/security/", setup_pages.security, name="connection-security"),
    path("connections/<uuid:connection>/points/", setup_pages.points, name="connection-points"),
    path("connections/<uuid:connection>/browse/", setup_pages.browse, name="connection-browse"),
    path("connections/<uuid:connection>/pick/", setup_pages.pick, name="connection-pick"),
    path("connections/<uuid:connection>/start/", connections.start, name="connection-start"),
    path("connections/<uuid:connection>/pause/", connections.pause, name="connection-pause"),
    path("connections/<uuid:connection>/delete/", connections.delete, name="connection-delete"),
    path("alarms/performance/", performing.performance_page, name="alarm-performance"),
    path("alarms/telling/", telling.telling_page, name="alarm-telling"),
    path("alarms/telling/channels/new/", telling.channel, name="new-alarm-channel"),
    path("alarms/telling/channels/<uuid:channel>/", telling.channel, name="alarm-channel"),
    path("alarms/telling/channels/<uuid:channel>/try/", telling.try_out, name="alarm-channel-try"),
    path("alarms/telling/schedules/new/", schedule_pages.schedule, name="new-alarm-schedule"),
    path("alarms/telling/schedules/<uuid:schedule>/", schedule_pages.schedule, name="alarm-schedule"),
    path("alarms/telling/chains/new/", telling.chain, name="new-alarm-chain"),
    path("alarms/telling/chains/<uuid:chain>/", telling.chain, name="alarm-chain"),
    path("alarms/telling/<slug:kind>/<uuid:thing>/delete/", telling.remove, name="alarm-telling-remove"),
    path("assets/", sharing.assets, name="assets"),
    path("assets/<uuid:view>/", sharing.shared_view, name="shared-view"),
    path("assets/<uuid:view>/values/", sharing.shared_values, name="shared-values"),
    path("assets/<uuid:view>/<uuid:asset>/<slug:key>/", sharing.shared_signal, name="shared-signal"),
    path("admin/customers/<uuid:customer>/share/", sharing_admin.share, name="share"),
    path("admin/customers/shared/<uuid:view>/revoke/", sharing_admin.revoke, name="shared-view-revoke"),
    path("dashboards/", dashboards.dashboards, name="dashboards"),
    path("dashboards/new/", dashboards.new_dashboard, name="new-dashboard"),
    path("dashboards/shown/", dashboards.shared_dashboards, name="shared-dashboards"),
    path("dashboards/shown/<uuid:share_id>/", dashboards.shared_dashboard, name="shared-dashboard"),
    path("dashboards/<uuid:dashboard_id>/", dashboards.dashboard, name="dashboard"),
    path("dashboards/<uuid:dashboard_id>/share/", dashboards.share, name="dashboard-share"),
    path("dashboards/<uuid:dashboard_id>/copy/", dashboards.duplicate, name="dashboard-copy"),
    path("dashboards/<uuid:dashboard_id>/remove/", dashboards.remove, name="dashboard-remove"),
    path("twins/", composer.twins, name="twins"),
    path("twins/new/", gallery_pages.new_twin, name="new-twin"),
    path("twins/<slug:twin>/", live.fleet, name="fleet"),
    path("twins/<slug:twin>/canvas/", composer.canvas, name="canvas"),
    path("twins/<slug:twin>/versions/", version_pages.all_versions, name="twin-versions"),
    path("twins/<slug:twin>/versions/<int:number>/", version_pages.version, name="twin-version"),
    path("twins/<slug:twin>/versions/<int:number>/blueprint/", blueprint_pages.save, name="blueprint-save"),
    path("blueprints/<slug:key>/remove/", blueprint_pages.remove, name="blueprint-remove"),
    path("twins/<slug:twin>/versions/<int:number>/rename/", version_pages.rename, name="twin-version-rename"),
    path("twins/<slug:twin>/versions/<int:number>/rollback/", version_pages.roll_back, name="twin-rollback"),
    path("twins/<slug:twin>/versions/<int:number>/reset/", version_pages.reset, name="twin-reset"),
    path("twins/<slug:twin>/asides/<uuid:aside>/return/", version_pages.put_back, name="twin-aside-return"),
    path("twins/<slug:twin>/compare/", version_pages.compare, name="twin-compare"),
    path("twins/<slug:twin>/promote/", promotion_pages.promote, name="twin-promote"),
    path("twins/<slug:twin>/review/", review_pages.ask, name="twin-review-ask"),
    path("reviews/", review_pages.reviews, name="twin-reviews"),
    path("reviews/badge/", review_pages.badge, name="twin-reviews-badge"),
    path("reviews/<uuid:review>/", review_pages.review, name="twin-review"),
    path("reviews/<uuid:review>/withdraw/", review_pages.withdraw, name="twin-review-withdraw"),
    path("admin/publishing/", review_pages.rule, name="publishing-rule"),
    path("twins/<slug:twin>/quality/", quality_pages.quality, name="quality"),
    path("twins/<slug:twin>/quality/<uuid:asset>/<slug:key>/", quality_pages.signal, name="quality-signal"),
    path(
        "twins/<slug:twin>/quality/<uuid:asset>/<slug:key>/replace/", quality_replacing.replace, name="quality-replace"
    ),
    path("quality/<uuid:substitution>/undo/", quality_replacing.undo, name="quality-undo"),
    path("twins/<slug:twin>/history/", history.history, name="history"),
    path("twins/<slug:twin>/evidence/", evidence.evidence, name="evidence"),
]
