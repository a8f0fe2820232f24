{{- /* Who a process is to Kafka and to ClickHouse. All take a dict of the chart (`root`) and the process (`name`). */ -}}

{{- /* The component's name in `ticketpulse kafka acls`. */ -}}
{{- define "ticketpulse.component" -}}
{{- get (dict "clickhouse-sink" "clickhouse" "notify-sink" "sender") .name | default .name -}}
{{- end -}}

{{- /* Who talks to Kafka has a user there. */ -}}
{{- define "ticketpulse.kafkaUser" -}}
{{- if and (ne .root.Values.kafka.security.protocol "PLAINTEXT") (ne .name "migrate") -}}
{{ .root.Values.kafka.security.users }}{{ include "ticketpulse.component" . }}
{{- end -}}
{{- end -}}

{{- define "ticketpulse.securityEnvironment" -}}
{{- $kafka := .root.Values.kafka.security -}}
{{- $clickhouse := .root.Values.clickhouse -}}
- name: CLICKHOUSE_URL_FILE
  value: /etc/ticketpulse/secrets/CLICKHOUSE_URL
{{- range $variable, $_ := .root.Values.secretSettings }}
- name: {{ $variable }}_FILE
  value: /etc/ticketpulse/secrets/{{ $variable }}
{{- end }}
{{- if $clickhouse.caSecret }}
- name: TICKETPULSE_CLICKHOUSE_CA
  value: /etc/ticketpulse/clickhouse-ca/ca.crt
{{- end }}
{{- with include "ticketpulse.kafkaUser" . }}
- name: TICKETPULSE_KAFKA_SECURITY
  value: {{ $kafka.protocol }}
{{- if hasPrefix "SASL" $kafka.protocol }}
- name: TICKETPULSE_KAFKA_MECHANISM
  value: {{ $kafka.mechanism }}
- name: TICKETPULSE_KAFKA_USER
  value: {{ . }}
- name: TICKETPULSE_KAFKA_PASSWORD_FILE
  value: /etc/ticketpulse/kafka-user/password
{{- else }}
- name: TICKETPULSE_KAFKA_CERTIFICATE
  value: /etc/ticketpulse/kafka-user/user.crt
- name: TICKETPULSE_KAFKA_KEY
  value: /etc/ticketpulse/kafka-user/user.key
{{- end }}
{{- if and $kafka.caSecret (hasSuffix "SSL" $kafka.protocol) }}
- name: TICKETPULSE_KAFKA_CA
  value: /etc/ticketpulse/kafka-ca/ca.crt
{{- end }}
{{- end }}
{{- end -}}

{{- /* The settings that are secrets: variable -> the secret, and the key in it. */ -}}
{{- define "ticketpulse.secretSettings" -}}
{{- $clickhouse := .root.Values.clickhouse -}}
{{- $own := (get .root.Values.commands .name | default dict).clickhouseSecret -}}
{{- $secret := get (dict "migrate" $clickhouse.migrationsSecret "page" $clickhouse.pageSecret) .name | default $own | default (required "clickhouse.secret: a secret with the key url" $clickhouse.secret) -}}
{{ merge (dict "CLICKHOUSE_URL" (dict "existingSecret" $secret "key" "url")) .root.Values.secretSettings | toJson }}
{{- end -}}

{{- /* What else there is of secrets as files: name of the volume -> name of the secret. */ -}}
{{- define "ticketpulse.secretFiles" -}}
{{- with include "ticketpulse.kafkaUser" . }}
kafka-user: {{ . }}
{{- if and $.root.Values.kafka.security.caSecret (hasSuffix "SSL" $.root.Values.kafka.security.protocol) }}
kafka-ca: {{ $.root.Values.kafka.security.caSecret }}
{{- end }}
{{- end }}
{{- with .root.Values.clickhouse.caSecret }}
clickhouse-ca: {{ . }}
{{- end }}
{{- end -}}

{{- define "ticketpulse.secretVolumes" }}
- name: settings
  projected:
    # For the group of the pod's own files, and nobody else.
    defaultMode: 0440
    sources:
      {{- range $variable, $from := include "ticketpulse.secretSettings" . | fromJson }}
      - secret: {name: {{ $from.existingSecret }}, items: [{key: {{ $from.key }}, path: {{ $variable }}}]}
      {{- end }}
{{- range $volume, $secret := include "ticketpulse.secretFiles" . | fromYaml }}
- {name: {{ $volume }}, secret: {secretName: {{ $secret }}}}
{{- end }}
{{- end -}}

{{- define "ticketpulse.secretMounts" }}
- {name: settings, mountPath: /etc/ticketpulse/secrets, readOnly: true}
{{- range $volume, $secret := include "ticketpulse.secretFiles" . | fromYaml }}
- {name: {{ $volume }}, mountPath: /etc/ticketpulse/{{ $volume }}, readOnly: true}
{{- end }}
{{- end -}}
